"""`python -m signoff`: the same as the command `signoff`."""

from __future__ import annotations

import sys

from signoff.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
