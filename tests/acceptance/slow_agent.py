"""An agent that says that it has begun, and by whom, and plans once it may: the folder for both is its argument."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
sys.stdin.read()
begun = folder / f"begun-by-{os.getppid()}"
begun.with_name(f"draft-{os.getpid()}").write_text(str(os.getpid()), "ascii")
begun.with_name(f"draft-{os.getpid()}").rename(begun)
while not (folder / "may-plan").exists():
    time.sleep(0.02)
sys.stdout.write(json.dumps({"summary": "A slow plan.", "tasks": [{"key": "only", "title": "The only task"}]}))
