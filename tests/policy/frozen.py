"""What is frozen, as `frozen.json` beside this says it. A name is added there when it is made, and never changed: old
records and other programs have it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("frozen.json")


@cache
def frozen(part: str) -> Any:
    """`constants` {name: text}, `forms` [[function, arguments, what it builds]], `workflows` {function: name} or
    `origins` [text]."""
    return json.loads(FILE.read_text("utf-8"))[part]
