"""Only the engine knows DBOS: nothing else imports it, in whichever way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .finding import Finding, NothingToCheckError
from .source import Module, Tree, called

LAW = "engine-imports"

_NAME = re.compile(r"dbos(\.\w+)*$")
_PROGRAM = re.compile(r"^\s*(?:import|from)\s+dbos\b", re.MULTILINE)
_BY_NAME = frozenset({"import_module", "__import__", "resolve_name", "run_module"})


def check(tree: Tree) -> list[Finding]:
    """Every import of DBOS outside of `engine`: at the top, inside a function, for the type checker, by name, and in
    programs that are written in texts.

    Raises:
        NothingToCheckError: nothing here imports DBOS; the engine is somewhere else.
    """
    found = [(module, line, how) for module in tree.modules for line, how in _imports(module)]
    if not any(module.is_engine for module, _, _ in found):
        raise NothingToCheckError("the engine imports no DBOS")
    return [
        Finding(
            module.path, line, LAW, f"{how} outside of engine/", "Move what needs DBOS into engine/, behind a port."
        )
        for module, line, how in found
        if not module.is_engine
    ]


def _imports(module: Module) -> Iterator[tuple[int, str]]:
    for node in module.nodes:
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, f"import {one.name}") for one in names if _NAME.match(one.name))
            case ast.ImportFrom(module=str(name), level=0) if _NAME.match(name):
                yield node.lineno, f"from {name} import ..."
            case ast.Call() if called(node) in _BY_NAME and node.args:
                yield from _by_name(node, module)
    yield from ((line, "a program that imports dbos") for line, text in module.texts if _PROGRAM.search(text))


def _by_name(node: ast.Call, module: Module) -> Iterator[tuple[int, str]]:
    name = module.text(node.args[0])
    if name is not None and _NAME.match(name):
        yield node.lineno, f"{called(node)}({name!r})"
