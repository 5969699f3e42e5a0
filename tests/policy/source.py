"""The source of a tree: its modules, the texts in them, and its SQL."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .finding import NothingToCheckError

PACKAGE = Path("src/signoff")
#: Stands in a folded text for what is known at run time only.
UNKNOWN = "{}"

Function = ast.FunctionDef | ast.AsyncFunctionDef

_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Module:
    """`path` is seen from the tree."""

    path: Path
    tree: ast.Module

    @property
    def place(self) -> Path:
        """Seen from the package."""
        return self.path.relative_to(PACKAGE)

    @property
    def is_engine(self) -> bool:
        return self.place.parts[0] == "engine"

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        return tuple(node for node in self.nodes if isinstance(node, ast.Call))

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        return tuple(node for node in self.nodes if isinstance(node, Function))

    @cached_property
    def constants(self) -> Mapping[str, str]:
        """The texts that stand under a name at the top of the module."""
        found: dict[str, str] = {}
        for node in self.tree.body:
            for name, value in _assigned(node):
                text = _fold(value, found)
                if text is not None:
                    found[name] = text
        return found

    def text(self, node: ast.expr | None) -> str | None:
        """The text that an expression makes, written out or under a name of the module's."""
        return None if node is None else _fold(node, self.constants)

    @cached_property
    def texts(self) -> tuple[tuple[int, str], ...]:
        """Every text of the code with its line, put together where it is written in parts; docstrings are prose."""
        return tuple(_texts(self.tree, self.constants))


@dataclass(frozen=True)
class Tree:
    """The folder that holds `src/signoff`, read once for all laws.

    Raises, wherever it is looked into:
        NothingToCheckError: what is looked for is not there.
    """

    root: Path

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        paths = sorted((self.root / PACKAGE).rglob("*.py"))
        if not paths:
            raise NothingToCheckError(f"there are no modules in {self.root / PACKAGE}")
        return tuple(
            Module(path.relative_to(self.root), ast.parse(path.read_text("utf-8"), str(path))) for path in paths
        )

    def module(self, place: str) -> Module:
        """One by its place in the package, as in `gates/keys.py`."""
        for one in self.modules:
            if one.place == Path(place):
                return one
        raise NothingToCheckError(f"{PACKAGE / place} is not there")

    @cached_property
    def sql(self) -> tuple[tuple[Path, str], ...]:
        """Its files of SQL, with their paths seen from the tree, without comments; lines are where they were."""
        paths = sorted((self.root / PACKAGE).rglob("*.sql"))
        if not paths:
            raise NothingToCheckError(f"there is no SQL in {self.root / PACKAGE}")
        return tuple((path.relative_to(self.root), without_comments(path.read_text("utf-8"))) for path in paths)


def without_comments(sql: str) -> str:
    return _SQL_COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), sql)


def line_at(text: str, offset: int, first: int = 1) -> int:
    """The line of an offset, in a text whose first line is `first`."""
    return first + text.count("\n", 0, offset)


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def keyword_of(node: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in node.keywords if one.arg == name), None)


def text_of(node: ast.expr | None) -> str | None:
    """The text, where it is written out."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Names with what they are given, one by one or several at once."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _rows(target, node.value)


def _rows(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    is_row = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    values = value.elts if isinstance(value, ast.Tuple) and is_row else [value]
    yield from ((one.id, given) for one, given in zip(names, values, strict=False) if isinstance(one, ast.Name))


def _texts(node: ast.AST, constants: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Expr) and text_of(node.value) is not None:
        return
    text = None if isinstance(node, ast.Name) else _fold(node, constants)
    if text is not None:
        yield getattr(node, "lineno", 1), text
        return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, constants)


def _fold(node: ast.AST, constants: Mapping[str, str]) -> str | None:
    """The text that an expression makes, `UNKNOWN` for its unknown parts; None where it makes none, or who knows."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return constants.get(name)
        case ast.JoinedStr(values=parts):
            return "".join(_fold(part, constants) or UNKNOWN for part in parts)
        case ast.FormattedValue(value=value):
            return _fold(value, constants)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            sides = (_fold(left, constants), _fold(right, constants))
            return None if sides == (None, None) else "".join(UNKNOWN if side is None else side for side in sides)
        case _:
            return None
