"""Asks at one gate as every command does that asks at a terminal: draw it, ask, take the receipt (`receipt.json`).

    console_program.py ACTOR [--workflow ID] [--stale]

`--stale` gives the console a view of the gate from before its prompt was what it is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from signoff.cli.console.asking import ask_at_console
from signoff.cli.failure import INTERRUPTED
from signoff.cli.gate.text import draw_gate
from signoff.clock import now_ms
from signoff.sdk.backend import open_backend
from signoff.settings import load


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("actor")
    parser.add_argument("--workflow", default="deploy-42")
    parser.add_argument("--stale", action="store_true")
    said = parser.parse_args()
    with open_backend(load({}, os.environ, cwd=Path.cwd()), actor=said.actor) as backend:
        view = backend.gate(said.workflow, "ship")
        if said.stale:
            view = {**view, "prompt": {**view["prompt"], "title": "As it was", "digest": "0" * 64}}
        draw_gate(view, [], [], now_ms())
        try:
            receipt = ask_at_console(backend, view, actor=said.actor)
        except KeyboardInterrupt:
            return INTERRUPTED
    Path("receipt.json").write_text(json.dumps(receipt))
    return 0


if __name__ == "__main__":
    sys.exit(main())
