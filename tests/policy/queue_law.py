"""Parents and legs run on `intentQ`, sandboxed tasks on `sbxQ`, and there is no other queue."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from .finding import Finding, NothingToCheckError
from .source import Module, Tree, called, keyword_of, text_of

LAW = "queue-law"

QUEUES = {"PARENT_QUEUE": "intentQ", "SANDBOX_QUEUE": "sbxQ"}
#: On which queue each durable function runs; an escalation runs where it was started, on none.
QUEUE_OF = {"run_leg": "PARENT_QUEUE", "run_task": "SANDBOX_QUEUE", "escalate": None}

_KEYS = "gates/keys.py"
_ENQUEUES = frozenset({"enqueue", "enqueue_async", "enqueue_workflow", "enqueue_workflow_async"})
_STARTS = frozenset({"start_workflow", "start_workflow_async"})
_REGISTERS = "register_queue"
_MOVES = frozenset({"resume_workflow", "resume_workflows", "fork_workflow"})

Problem = tuple[int, str, str]


def check(tree: Tree) -> list[Finding]:
    """Every queue that is made or named, and everything that is put on one.

    Raises:
        NothingToCheckError: nothing is enqueued here.
    """
    every = tree.modules
    if not any(called(node) in _ENQUEUES for one in every for node in one.calls):
        raise NothingToCheckError("nothing is enqueued here")
    keys = tree.module(_KEYS)
    found = [Finding(keys.path, line, LAW, message, action) for line, message, action in _names(keys)]
    for one in every:
        found += [Finding(one.path, line, LAW, message, action) for line, message, action in _problems(one)]
    return found


def _names(keys: Module) -> Iterator[Problem]:
    lines = {target.id: target.lineno for target in keys.nodes if isinstance(target, ast.Name)}
    for name, queue in QUEUES.items():
        if (is_now := keys.constants.get(name)) != queue:
            yield lines.get(name, 1), f"{name} is {is_now!r}, not {queue!r}", "Name the queue as it was."


def _problems(one: Module) -> Iterator[Problem]:
    if str(one.place) != _KEYS:
        for line, text in one.texts:
            if text in QUEUES.values():
                yield line, f"the queue {text!r} is spelled out", "Take it from gates.keys."
    for node in one.calls:
        yield from _in_engine(node, one) if one.is_engine else _elsewhere(node)
    for function in one.functions:
        if _is_durable(function) and function.name not in QUEUE_OF:
            yield function.lineno, f"nobody says where {function.name} runs", "Say so in tests/policy/queue_law.py."


def _elsewhere(node: ast.Call) -> Iterator[Problem]:
    if called(node) in _ENQUEUES | _STARTS | {_REGISTERS}:
        yield node.lineno, f"{called(node)} outside of engine/", "Write an outbox row; the relay starts what it names."


def _in_engine(node: ast.Call, one: Module) -> Iterator[Problem]:
    name = called(node)
    if name in _ENQUEUES:
        yield from _enqueued(node, one)
    elif name in _STARTS:
        yield from _started(node)
    elif name in (_REGISTERS, "Queue"):
        yield from _made(node, one)
    elif name in _MOVES and text_of(keyword_of(node, "queue_name")) is not None:
        yield node.lineno, f"{name} names a queue of its own", "Resume each on the queue that it was on."


def _enqueued(node: ast.Call, one: Module) -> Iterator[Problem]:
    queue, function = (_name(argument) for argument in (*node.args, None, None)[:2])
    expected = QUEUE_OF.get(function or "")
    if expected is None:
        yield node.lineno, f"{function or 'something'} is put on a queue", "Only legs and sandboxed tasks are."
    elif queue != expected:
        yield node.lineno, f"{function} is put on {queue or 'something else'}", f"It runs on {expected}."
    for taken, argument, action in _AROUND:
        if not any(called(call) == taken and _is_given(call, argument) for call in _withs(one, node)):
            yield node.lineno, f"{function} is enqueued without {taken}", action


#: What an enqueueing stands in.
_AROUND = (
    ("SetWorkflowID", None, "Give it its deterministic id: a relay that comes twice starts it once."),
    ("SetEnqueueOptions", "queue_partition_key", "Give it the partition of its run."),
)


def _started(node: ast.Call) -> Iterator[Problem]:
    function = _name(node.args[0]) if node.args else None
    if function not in QUEUE_OF or QUEUE_OF[function] is not None:
        yield node.lineno, f"{function or 'something'} is started past the queues", "Enqueue it."


def _made(node: ast.Call, one: Module) -> Iterator[Problem]:
    names = _possible(node.args[0] if node.args else keyword_of(node, "name"), one)
    for name in names:
        if name not in QUEUES:
            yield node.lineno, f"a queue is made of {name or 'something else'}", f"There are {' and '.join(QUEUES)}."


def _possible(queue: ast.expr | None, one: Module) -> Sequence[str | None]:
    """The names that a queue may be made of: its own, or those that a loop over rows goes through."""
    name = _name(queue)
    for loop in (node for node in one.nodes if isinstance(node, ast.For)):
        targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
        places = [at for at, target in enumerate(targets) if _name(target) == name]
        if places and isinstance(loop.iter, ast.Tuple | ast.List):
            rows = [row.elts if isinstance(row, ast.Tuple) else [row] for row in loop.iter.elts]
            return [_name(row[places[0]]) for row in rows]
    return [name]


def _withs(one: Module, node: ast.Call) -> Iterator[ast.Call]:
    """What stands in the `with` lines around a call."""
    for block in one.nodes:
        if isinstance(block, ast.With | ast.AsyncWith) and any(inner is node for inner in ast.walk(block)):
            yield from (item.context_expr for item in block.items if isinstance(item.context_expr, ast.Call))


def _is_given(call: ast.Call, argument: str | None) -> bool:
    return bool(call.args) if argument is None else keyword_of(call, argument) is not None


def _is_durable(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(decorator).startswith("DBOS.workflow") for decorator in function.decorator_list)


def _name(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    return None if node is None or text_of(node) is None else repr(text_of(node))
