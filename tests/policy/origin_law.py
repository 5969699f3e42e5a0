"""Every answer that is recorded says through which surface it came, in one of the listed words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from .finding import Finding, NothingToCheckError
from .frozen import frozen
from .source import Module, Tree, called, keyword_of, line_at, text_of

LAW = "origin-law"

#: Where `origin` is something else: which file, flag or variable a setting came from.
ELSEWHERE = ("settings",)

_LISTED_IN = "gates/reply.py"
_CHECK = re.compile(r"\borigin\s+TEXT\b[^,]*?\bCHECK\s*\(\s*origin\s+IN\s*\(([^)]*)\)", re.IGNORECASE)
_TABLE = re.compile(r"\bCREATE\s+TABLE\s+app\.human_interactions\b(.*?)\n\)", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(r"\bINSERT\s+INTO\s+(?:app\.)?human_interactions\b\s*(?:\(([^)]*)\))?", re.IGNORECASE)
_ACTION = "Take one that is listed, or list the new one: gates/reply.py, a migration, tests/policy/frozen.json."

Problem = tuple[int, str, str]


def check(tree: Tree) -> list[Finding]:
    """The list in the code, the lists that the database checks, and everything that names or should name an origin.

    Raises:
        NothingToCheckError: there is no list, no table with one, or nothing that writes to it.
    """
    reply = tree.module(_LISTED_IN)
    found = [(reply.path, *problem) for problem in _listed(reply)]
    sql = tree.sql
    found += [(path, *problem) for path, text in sql for problem in (*_checked(text), *_inserted(text, 1))]
    if not any(_TABLE.search(text) for _, text in sql) or not any(_INSERT.search(text) for _, text in sql):
        raise NothingToCheckError("no SQL makes or writes app.human_interactions")
    for one in tree.modules:
        found += [(one.path, *problem) for problem in _in_code(one)]
    return [Finding(path, line, LAW, message, action) for path, line, message, action in found]


def _listed(reply: Module) -> Iterator[Problem]:
    lists = [node for node in reply.tree.body if isinstance(node, ast.Assign) and _target(node) == "ORIGINS"]
    if not lists or not isinstance(lists[0].value, ast.Tuple):
        raise NothingToCheckError(f"{_LISTED_IN} lists no ORIGINS")
    yield from _differs(lists[0].lineno, [text_of(one) or ast.unparse(one) for one in lists[0].value.elts])


def _checked(sql: str) -> Iterator[Problem]:
    for table in _TABLE.finditer(sql):
        listed = _CHECK.search(table[1])
        if listed is None:
            yield line_at(sql, table.start()), "the table checks no origin", "CHECK (origin IN (...)), NOT NULL."
        else:
            yield from _differs(line_at(sql, table.start(1) + listed.start()), re.findall("'([^']*)'", listed[1]))


def _differs(line: int, origins: Sequence[str]) -> Iterator[Problem]:
    for origin in sorted(set(origins) ^ set(frozen("origins"))):
        what = "is listed here alone" if origin in origins else "is missing here"
        yield line, f"the origin {origin!r} {what}", _ACTION


def _inserted(sql: str, first: int) -> Iterator[Problem]:
    for found in _INSERT.finditer(sql):
        columns = [name.strip() for name in (found[1] or "").split(",")]
        if "origin" not in columns:
            yield line_at(sql, found.start(), first), "an interaction is written without its origin", "Name it."


def _in_code(one: Module) -> Iterator[Problem]:
    for first, text in one.texts:
        if found := _INSERT.search(text):
            yield (
                line_at(text, found.start(), first),
                "an interaction is written past its query",
                "Use insert_interaction.",
            )
    for node in one.calls:
        is_whole = keyword_of(node, "origin") is not None or any(keyword.arg is None for keyword in node.keywords)
        if called(node) == "Interaction" and not is_whole:
            yield node.lineno, "an interaction is made without its origin", "Name it."
    if one.place.parts[0] not in ELSEWHERE:
        for value in _origins(one):
            yield from _unlisted(value, one)


def _origins(one: Module) -> Iterator[ast.expr]:
    """Whatever is given, defaulted, kept in a constant or put into a body under the name `origin`."""
    for node in one.nodes:
        match node:
            case ast.keyword(arg="origin", value=value):
                yield value
            case ast.Dict(keys=keys, values=values):
                yield from (value for key, value in zip(keys, values, strict=True) if text_of(key) == "origin")
            case ast.Call(func=ast.Attribute(attr="get"), args=[key, default]) if text_of(key) == "origin":
                yield default
            case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
                yield from _default(arguments)
            case ast.Assign(value=value) if _target(node).rpartition("_")[2].lower() == "origin":
                yield value
            case ast.AnnAssign(target=ast.Name(id="origin"), value=ast.expr() as value):
                yield value


def _default(arguments: ast.arguments) -> Iterator[ast.expr]:
    plain = [*arguments.posonlyargs, *arguments.args]
    last = plain[len(plain) - len(arguments.defaults) :]
    pairs = [
        *zip(last, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    yield from (default for argument, default in pairs if argument.arg == "origin" and default is not None)


def _unlisted(value: ast.expr, one: Module) -> Iterator[Problem]:
    sides = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    for side in sides:
        text = one.text(side)
        if text is not None and text not in frozen("origins"):
            yield side.lineno, f"{text!r} is no origin", _ACTION


def _target(node: ast.Assign) -> str:
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
