"""Which gate is meant: by its key, or by what a spec's runs wait at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.app.report_gates import gate_code
from signoff.errors import InvalidInputError, NotFoundError
from signoff.gates.keys import check_gate_key

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

_DOOR = "spec"
_RUNS_AT_ONCE = 200
#: No key looks like one: keys have no upper-case letters.
_GATE_CODE = re.compile(r"G[0-4]")
_NAMED_MAX = 10


@dataclass(frozen=True)
class Where:
    """`words` are `[WID] GATE_KEY`; of a spec nothing, a code (G0 to G4) or a key."""

    words: tuple[str, ...]
    spec: Path | None = None


def read_where(words: tuple[str, ...], spec: Path | None = None) -> Where:
    """
    Raises:
        UsageError: too little or too much is named.
    """
    if spec is not None and len(words) > 1:
        raise click.UsageError("With --spec, name a gate by its key or its code (G0 to G4) alone.")
    if spec is None and not 1 <= len(words) <= 2:
        raise click.UsageError("Name a gate by its key, by its workflow's id and its key, or by --spec FILE.")
    return Where(words, spec)


def find_gate(backend: Backend, where: Where) -> dict[str, Any]:
    """
    Raises:
        NotFoundError: `run-not-found`, `gate-not-found`. InvalidInputError: `ambiguous-gate-key`, `several-gates-wait`.
    """
    words = where.words
    if where.spec is not None:
        return _find_of_spec(backend, subject_of_spec(where.spec), words[0] if words else None)
    return backend.gate_by_key(words[0]) if len(words) == 1 else backend.gate(words[0], words[1])


def subject_of_spec(spec: Path) -> str:
    from signoff.cli.spec.files import subject_of

    return subject_of(spec)


def runs_about(backend: Backend, subject: str, *, status: str | None = None) -> Iterator[dict[str, Any]]:
    """The runs of a spec, newest first."""
    from signoff.sdk.backend import items_of

    return items_of(lambda cursor: backend.runs(status, _RUNS_AT_ONCE, cursor, door=_DOOR, subject=subject))


def gates_about(backend: Backend, subject: str, *, is_open: bool = False) -> Iterator[dict[str, Any]]:
    """The gates of a spec's runs, newest run first; with `is_open` those that wait."""
    for run in runs_about(backend, subject, status="WAITING_INPUT" if is_open else None):
        for view in backend.gates_of(run["workflowID"]):
            if view["state"] == "PENDING" or not is_open:
                yield view


def newest_run(backend: Backend, subject: str) -> dict[str, Any]:
    """
    Raises:
        NotFoundError: (`run-not-found`) the spec was never run.
    """
    run = next(runs_about(backend, subject), None)
    if run is None:
        raise NotFoundError(f"There is no run of {subject}.", code="run-not-found")
    return run


def _find_of_spec(backend: Backend, subject: str, named: str | None) -> dict[str, Any]:
    if named is None:
        return _find_waiting(backend, subject)
    if _GATE_CODE.fullmatch(named):
        return _find_by_code(backend, subject, named)
    check_gate_key(named)
    view = next((one for one in gates_about(backend, subject) if one["gateKey"] == named), None)
    if view is None:
        raise NotFoundError(f"No run of {subject} has a gate {named}.", code="gate-not-found")
    return view


def _find_waiting(backend: Backend, subject: str) -> dict[str, Any]:
    waiting = list(gates_about(backend, subject, is_open=True))
    if len(waiting) == 1:
        return waiting[0]
    if not waiting:
        run = newest_run(backend, subject)
        raise NotFoundError(
            f"No gate of {subject} waits. Its newest run, {run['workflowID']}, is {run['status']}.",
            code="gate-not-found",
        )
    names = ", ".join(_name(view) for view in waiting[:_NAMED_MAX])
    raise InvalidInputError(
        f"{len(waiting)} gates of {subject} wait; name one by its key: {names}.",
        code="several-gates-wait",
        details={"gates": [{name: view[name] for name in ("workflowID", "gateKey")} for view in waiting]},
    )


def _find_by_code(backend: Backend, subject: str, code: str) -> dict[str, Any]:
    """That gate of the newest run: the one that waits, else the one that was opened last."""
    run = newest_run(backend, subject)
    views = backend.gates_of(run["workflowID"])
    having = [view for view in views if gate_code(view) == code]
    if not having:
        others = ", ".join(dict.fromkeys(filter(None, map(gate_code, views)))) or "none"
        raise NotFoundError(
            f"The newest run of {subject}, {run['workflowID']}, has come to no gate {code} yet. Its gates: {others}.",
            code="gate-not-found",
        )
    return next((view for view in having if view["state"] == "PENDING"), having[-1])


def _name(view: Mapping[str, Any]) -> str:
    code = gate_code(view)
    where = f"{view['gateKey']} of {view['workflowID']}"
    return where if code is None else f"{code} ({where})"
