"""An agent that says that it has begun, and plans once it may: with the folder for both as its argument."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
sys.stdin.read()
(folder / f"begun-by-{os.getppid()}").touch()
while not (folder / "may-plan").exists():
    time.sleep(0.02)
sys.stdout.write(json.dumps({"summary": "A slow plan.", "tasks": [{"key": "only", "title": "The only task"}]}))
