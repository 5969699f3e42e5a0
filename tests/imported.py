"""Imports all of signoff, and what it imports at work: what `forked` forks from."""

from __future__ import annotations

import importlib
import pkgutil

from measured import measure_forks

import signoff

_AT_WORK = (
    "httpx",
    "jsonschema",
    "questionary",
    "rich.console",
    "rich.markdown",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)

for _module in pkgutil.walk_packages(signoff.__path__, "signoff."):
    # The first is the program itself; the second is heavy, and needed by programs of its users only.
    if not _module.name.startswith(("signoff.__main__", "signoff.langgraph")):
        importlib.import_module(_module.name)
for _name in _AT_WORK:
    importlib.import_module(_name)

measure_forks()
