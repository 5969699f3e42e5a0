"""Event keys, topics, ids of workflows and names of queues are frozen: what the code builds is what it always built."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .finding import Finding, NothingToCheckError
from .frozen import frozen
from .source import PACKAGE, Module, Tree, called, keyword_of

LAW = "frozen-abi"

_KEYS = "gates/keys.py"
_FORM = re.compile(r"(?:ui|decision|human|sys|esc):[^\s:]|.*:(?:sbx|retry):")
_ACTION = "Build it as before, or as a new name beside the old one."
_BUILD = """
import importlib, json, sys

def build(function, arguments):
    try:
        return getattr(keys, function)(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

asked = json.load(sys.stdin)
keys = importlib.import_module("signoff.gates.keys")
print(json.dumps({
    "file": keys.__file__,
    "constants": {name: getattr(keys, name, None) for name in asked["constants"]},
    "forms": [build(function, arguments) for function, arguments, _ in asked["forms"]],
}))
"""


def check(tree: Tree) -> list[Finding]:
    """What the tree's `gates/keys.py` builds, run in a process of its own, against the frozen list; and every such name
    that is spelled anywhere else.

    Raises:
        NothingToCheckError: it is not there, or cannot be run.
    """
    keys = tree.module(_KEYS)
    built = _build(tree.root)
    problems = [(keys.path, *problem) for problem in (*_changed(keys, built), *_unlisted(keys))]
    for one in tree.modules:
        if one.path != keys.path:
            problems += [(one.path, *problem) for problem in _spelled(one)]
        if one.is_engine:
            problems += [(one.path, *problem) for problem in _workflows(one)]
    return [Finding(path, line, LAW, message, action) for path, line, message, action in problems]


Problem = tuple[int, str, str]


def _build(root: Path) -> Mapping[str, Any]:
    source = (root / PACKAGE).parent.resolve()
    asked = {part: frozen(part) for part in ("constants", "forms")}
    done = subprocess.run(
        [sys.executable, "-B", "-c", _BUILD],
        input=json.dumps(asked),
        cwd=source,
        # Nothing else: what measures the tests would leave its figures in the tree.
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NothingToCheckError(f"{_KEYS} cannot be run: {done.stderr.strip().splitlines()[-1]}")
    built: dict[str, Any] = json.loads(done.stdout)
    if not Path(built["file"]).is_relative_to(source):
        raise NothingToCheckError(f"{built['file']} was run, which is not of this tree")
    return built


def _changed(keys: Module, built: Mapping[str, Any]) -> Iterator[Problem]:
    lines = dict(_public(keys))
    for name, expected in frozen("constants").items():
        if (is_now := built["constants"][name]) != expected:
            yield lines.get(name, 1), f"{name} is {is_now!r}; frozen: {expected!r}", _ACTION
    for (function, arguments, expected), is_now in zip(frozen("forms"), built["forms"], strict=True):
        if is_now != expected:
            call = f"{function}({', '.join(map(repr, arguments))})"
            yield lines.get(function, 1), f"{call} is {is_now!r}; frozen: {expected!r}", _ACTION


def _unlisted(keys: Module) -> Iterator[Problem]:
    listed = {*frozen("constants"), *(form[0] for form in frozen("forms"))}
    for name, line in _public(keys):
        if name not in listed and not name.startswith("check_"):
            yield line, f"{name} is in no frozen list", "Add what it builds to tests/policy/frozen.json."


def _public(keys: Module) -> Iterator[tuple[str, int]]:
    """The functions and constants of the module, with their lines."""
    for node in keys.tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node.lineno
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            yield from ((name, node.lineno) for name in names if not name.startswith("_"))


def _spelled(one: Module) -> Iterator[Problem]:
    for line, text in one.texts:
        if _FORM.match(text):
            yield line, f"{text!r} is spelled out", f"Build it by a function of {_KEYS}."
    for node in one.calls:
        if called(node) == "set_event" and node.args and (event := one.text(node.args[0])) is not None:
            yield node.lineno, f"the event {event!r} is in no frozen list", f"Name it by a function of {_KEYS}."


def _workflows(one: Module) -> Iterator[Problem]:
    """Under these names the engine has stored what waits to be run."""
    for function in one.functions:
        for decorator in (node for node in function.decorator_list if isinstance(node, ast.Call)):
            if ast.unparse(decorator.func) == "DBOS.workflow":
                name, expected = one.text(keyword_of(decorator, "name")), frozen("workflows").get(function.name)
                if name is None or name != expected:
                    yield function.lineno, f"{function.name} is stored as {name!r}; frozen: {expected!r}", _ACTION
