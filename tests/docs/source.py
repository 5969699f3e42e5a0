"""What can be read from the source without running it: error codes, audit events, use cases that write.

Whatever cannot be followed raises, so that nothing goes undocumented unseen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "signoff"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def _nodes(root: ast.AST) -> tuple[ast.AST, ...]:
    """Walked once: the generator asks for the same thousands of times."""
    return tuple(ast.walk(root))


@dataclass(frozen=True)
class Module:
    name: str
    tree: ast.Module

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        return tuple(node for node in _nodes(self.tree) if isinstance(node, Function))

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        return tuple(node for node in _nodes(self.tree) if isinstance(node, ast.Call))

    @cached_property
    def imports(self) -> tuple[ast.ImportFrom, ...]:
        return tuple(node for node in _nodes(self.tree) if isinstance(node, ast.ImportFrom))


@dataclass(frozen=True)
class Event:
    """An event of the audit trail: the members of its body, and whether its entries name a gate."""

    name: str
    members: tuple[str, ...]
    is_at_gate: bool


@cache
def modules() -> tuple[Module, ...]:
    return tuple(_module(path) for path in sorted(PACKAGE.rglob("*.py")))


@cache
def _by_name() -> Mapping[str, Module]:
    return {module.name: module for module in modules()}


def _module(path: Path) -> Module:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return Module(".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text("utf-8")))


# Error codes


@cache
def error_codes() -> Mapping[str, frozenset[str]]:
    """Each code, with the classes that carry it; none where only an answer of the API does."""
    found: dict[str, set[str]] = {}
    # The problems of a spec have words of their own, but reach people as one error: invalid-spec.
    for module in (module for module in modules() if not module.name.startswith("signoff.plans.spec.")):
        for code, carrier in _codes_in(module):
            found.setdefault(code, set()).update({carrier} if carrier.endswith("Error") else set())
    return {code: frozenset(found[code]) for code in sorted(found)}


@cache
def finding_codes() -> frozenset[str]:
    """What the verification of the audit trail finds: codes of findings, which are no errors."""
    audit = [module for module in modules() if module.name.startswith("signoff.audit.")]
    made = [(node, place) for module in audit for node in module.calls if (place := _FINDINGS.get(_called(node)))]
    return frozenset(text for node, place in made for text in _texts(node.args[place - 1]))


#: How a finding is made, and which argument (from 1) is its code.
_FINDINGS = {"Finding": 3, "_finding": 1}


def _codes_in(module: Module) -> Iterator[tuple[str, str]]:
    yield from _codes_of_classes(module)
    yield from _codes_of_variables(module)
    takers = _code_takers(module)
    for node in module.calls:
        called = _called(node)
        for keyword in node.keywords:
            if keyword.arg == "code":
                yield from ((text, called) for text in _texts(keyword.value))
        if called in takers and called not in _FINDINGS:
            place, carrier = takers[called]
            yield from ((text, carrier) for argument in node.args[place : place + 1] for text in _texts(argument))


def _codes_of_classes(module: Module) -> Iterator[tuple[str, str]]:
    for node in _nodes(module.tree):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and _names(line) == ["code"]:
                    yield from ((text, node.name) for text in _texts(line.value))


def _codes_of_variables(module: Module) -> Iterator[tuple[str, str]]:
    """`code = ...` inside a function, and tables of codes: `CODES: Mapping[str, Code]`."""
    for function in module.functions:
        for node in _nodes(function):
            if isinstance(node, ast.Assign) and _names(node) == ["code"]:
                yield from ((text, "") for text in _texts(node.value))
    for node in module.tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict) and _is_code_table(node.annotation):
            yield from ((text, "") for key in node.value.keys if key is not None for text in _texts(key))


def _is_code_table(annotation: ast.expr) -> bool:
    return ast.unparse(annotation) == "Mapping[str, Code]"


def _code_takers(module: Module) -> dict[str, tuple[int, str]]:
    """The functions in reach of a module that take a code by position: the place, and the class that they raise."""
    takers = {}
    for function in [*module.functions, *_imported(module)]:
        names = [argument.arg for argument in function.args.args]
        if "code" in names and function.name != "__init__":
            takers[function.name] = (names.index("code"), _carrier(function))
    return takers


def _imported(module: Module) -> Iterator[Function]:
    for node in module.imports:
        wanted = {alias.name for alias in node.names}
        source = _by_name().get(node.module or "")
        yield from (one for one in (source.functions if source else ()) if one.name in wanted)


def _carrier(function: Function) -> str:
    for node in _nodes(function):
        if isinstance(node, ast.Call) and _called(node).endswith("Error"):
            return _called(node)
    return ""


# Audit events


@cache
def events() -> tuple[Event, ...]:
    """Every event that some use case writes, by name."""
    found: dict[str, Event] = {}
    for module in modules():
        for function in module.functions:
            for node in _own_calls(function):
                for event in _events_written(module, function, node):
                    assert found.setdefault(event.name, event) == event, f"{event.name} has bodies of two forms"
    return tuple(found[name] for name in sorted(found))


def _events_written(module: Module, function: Function, node: ast.Call) -> Iterator[Event]:
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if _called(node) != "append_entry" or "event" not in given:
        return
    members = _members(module, function, given["body"])
    for name in _event_names(module, function, given["event"]):
        yield Event(name, members, "gate_key" in given)


def _members(module: Module, function: Function, body: ast.expr) -> tuple[str, ...]:
    """Of a literal, of what a function of this module returns, or with what callers add as `**more`."""
    if isinstance(body, ast.Name):
        body = next(value for name, value in _locals(function) if name == body.id and isinstance(value, ast.Dict))
    if isinstance(body, ast.Call):
        made_by = next(one for one in module.functions if one.name == _called(body))
        body = next(node.value for node in _nodes(made_by) if isinstance(node, ast.Return) and node.value)
    assert isinstance(body, ast.Dict), f"{function.name}: the body of an entry is a literal"
    named = [text for key in body.keys if key is not None for text in _texts(key)]
    return (*named, *(_more(module, function) if None in body.keys else ()))


def _more(module: Module, function: Function) -> list[str]:
    """The keywords that callers give a function beside those that it names."""
    arguments = function.args
    own = {argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)}
    given = [keyword.arg for _, node in _callers(module, function) for keyword in node.keywords]
    return sorted({name for name in given if name is not None and name not in own})


def _callers(module: Module, function: Function) -> list[tuple[Module, ast.Call]]:
    """In this module, and where it may be imported."""
    reach = [module] if function.name.startswith("_") else modules()
    return [(one, node) for one in reach for node in one.calls if _called(node) == function.name]


def _locals(function: Function) -> Iterator[tuple[str, ast.expr]]:
    for node in _nodes(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield from ((name, node.value) for name in _names(node))


def _event_names(module: Module, function: Function, event: ast.expr) -> list[str]:
    """A literal or its name, a look-up in a table of this module, a parameter with what callers give it, or one or
    else another."""
    if isinstance(event, ast.BoolOp):
        return sorted({name for value in event.values for name in _event_names(module, function, value)})
    if isinstance(event, ast.Subscript) and isinstance(event.value, ast.Name):
        return _table_values(module, event.value.id)
    arguments = function.args
    if isinstance(event, ast.Name) and event.id in {one.arg for one in (*arguments.args, *arguments.kwonlyargs)}:
        return sorted(set(_given(module, function, event.id)))
    return _some(_known_texts(module, event), function)


def _table_values(module: Module, table: str) -> list[str]:
    tables = [node.value for node in module.tree.body if isinstance(node, ast.Assign) and _names(node) == [table]]
    dicts = [one for one in tables if isinstance(one, ast.Dict)]
    return [text for one in dicts for value in one.values for text in _known_texts(module, value)]


def _given(module: Module, function: Function, parameter: str) -> list[str]:
    arguments = function.args
    plain = [argument.arg for argument in arguments.args]
    defaults = {a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None}
    values = [(module, defaults[parameter])] if parameter in defaults else []
    for caller, node in _callers(module, function):
        values += [(caller, keyword.value) for keyword in node.keywords if keyword.arg == parameter]
        if parameter in plain:
            at = plain.index(parameter)
            values += [(caller, value) for value in node.args[at : at + 1]]
    return _some([text for caller, value in values for text in _known_texts(caller, value)], function)


def _known_texts(module: Module, value: ast.expr) -> list[str]:
    """The same as `_texts`, or what a name at the top of this module, or of the one it comes from, stands for."""
    if not isinstance(value, ast.Name):
        return _texts(value)
    sources = [
        source
        for node in module.imports
        if (source := _by_name().get(node.module or "")) and value.id in {one.name for one in node.names}
    ]
    return [text for one in [module, *sources] for name, text in _constants(one) if name == value.id][:1]


def _constants(module: Module) -> Iterator[tuple[str, str]]:
    """The texts at the top of a module, one by one or several at once."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name | ast.Tuple):
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            if len(names) == len(values):
                yield from (
                    (name.id, text)
                    for name, value in zip(names, values, strict=True)
                    for text in _texts(value)
                    if isinstance(name, ast.Name)
                )


def _some(texts: list[str], function: Function) -> list[str]:
    assert texts, f"{function.name}: what event does it write?"
    return texts


# Crash points


@cache
def commits() -> tuple[str, ...]:
    """The verbs of all write transactions of the ledger."""
    verbs = set()
    for module in modules():
        for node in module.calls:
            if _called(node) == "write" and ast.unparse(node.func).endswith("ledger.write"):
                verbs.update(_texts(node.args[1]))
    return tuple(sorted(verbs))


# Reading expressions


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _own_calls(function: Function) -> Iterator[ast.Call]:
    return (node for node in _nodes(function) if isinstance(node, ast.Call))


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _texts(value: ast.expr) -> list[str]:
    """The texts that an expression may be: a literal, or either side of a choice."""
    if isinstance(value, ast.IfExp):
        return _texts(value.body) + _texts(value.orelse)
    return [value.value] if isinstance(value, ast.Constant) and isinstance(value.value, str) else []
