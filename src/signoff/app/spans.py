"""What a process is doing, told to whoever watches it: metrics and traces are made of this.

A span is something with a name that begins, lasts and ends; one that begins within another, in the same thread, is a
part of it. What is told of it is bounded and ours: kinds, verbs and routes, never an id, a title or an answer. While
nobody watches, nothing is told, and nothing costs anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

Fact = str | int

#: Every span, by its name: what it is, and the facts that it tells.
SPANS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "request": ("An HTTP request, from its first byte to the last of its answer.", ("method", "route", "status")),
    "use case": ("What somebody asked for, whatever surface they used.", ("verb",)),
    "write": ("A transaction that writes to the ledger, waiting for its lock included.", ("verb",)),
    "relay": ("An order of the outbox that is carried out, or tried.", ("kind", "lag_ms")),
    "leg": ("A leg of a run, from one gate to the next or to the end.", ()),
    "task": ("A sandboxed task of a run.", ()),
    "step": ("What a step of a run, or a task, has a runner do.", ("action",)),
    "notice": ("One try to tell one target of an event of a gate.", ("channel", "event")),
}
#: What has no duration, likewise.
INSTANTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "refusal": ("A request was refused.", ("code",)),
    "given up": ("A notice was tried as often as it may be, and did not get through.", ("channel",)),
}

P = ParamSpec("P")
R = TypeVar("R")


class Watcher(Protocol):
    """Is told of spans. It raises nothing of its own. `keeps_traces`: it wants to know what belongs together, also of
    what is done elsewhere and later."""

    keeps_traces: bool

    def watching(self, name: str, facts: Mapping[str, Fact], parent: str | None) -> AbstractContextManager[object]:
        """Entered when a span begins and left when it ends; `facts` may have become more by then. `parent` is the trace
        that it belongs to, as a `traceparent`, where that was begun elsewhere."""
        ...

    def happened(self, name: str, facts: Mapping[str, Fact]) -> None: ...

    def trace_context(self) -> str | None:
        """What names the span that is on in this thread, as a `traceparent` of W3C; None where there is none."""
        ...


_watchers: tuple[Watcher, ...] = ()


@contextmanager
def watched_by(*watchers: Watcher) -> Iterator[None]:
    """While this is open they are told of every span of this process."""
    global _watchers
    before = _watchers
    _watchers = (*before, *watchers)
    try:
        yield
    finally:
        _watchers = before


@contextmanager
def span(name: str, *, parent: str | None = None, **facts: Fact) -> Iterator[dict[str, Fact]]:
    """Give it what is known at its end only."""
    if not _watchers:
        yield facts
        return
    with ExitStack() as stack:
        for watcher in _watchers:
            stack.enter_context(watcher.watching(name, facts, parent))
        yield facts


def use_case(function: Callable[P, R]) -> Callable[P, R]:
    """Each call of it is a span, of its own name."""
    verb = function.__name__

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _watchers:
            return function(*args, **kwargs)
        with span("use case", verb=verb):
            return function(*args, **kwargs)

    return told


def happened(name: str, **facts: Fact) -> None:
    for watcher in _watchers:
        watcher.happened(name, facts)


def trace_context() -> str | None:
    """What is to be kept with an order, so that whoever carries it out goes on in the same trace."""
    return next((found for watcher in _watchers if (found := watcher.trace_context()) is not None), None)


def is_traced() -> bool:
    """Whether the trace of an order is worth looking up."""
    return any(watcher.keeps_traces for watcher in _watchers)
