"""All of signoff, and what it imports at work."""

from __future__ import annotations

import importlib
import pkgutil

import signoff

_AT_WORK = (
    "httpx",
    "jsonschema",
    "langgraph.checkpoint.postgres",
    "langgraph.checkpoint.sqlite",
    "questionary",
    "rich.console",
    "rich.markdown",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)


def import_all() -> None:
    for module in pkgutil.walk_packages(signoff.__path__, "signoff."):
        # Which is the program itself.
        if module.name != "signoff.__main__":
            importlib.import_module(module.name)
    for name in _AT_WORK:
        importlib.import_module(name)
