"""`state-diagram.md`: the life of a gate, printed from the table that rules it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from signoff.gates.gate import FINAL_STATES, TRANSITIONS, Move, State

from .markdown import code, described, fence, page, table

_STATES: Mapping[str, str] = {
    State.PENDING: "It waits for people. Its answers, deadline and audience may change; its prompt may not.",
    State.RECEIVED: "People decided. The receipt names who, what, when, and the digest of what they saw.",
    State.TIMED_OUT: "Its deadline passed, and no rung of its ladder was left. Nobody decided, so nothing is approved.",
    State.CANCELLED: "What it belongs to ended first.",
}
_MOVES: Mapping[str, str] = {
    Move.COLLECT: "Somebody entitled approved, and the requirement asks for more approvals.",
    Move.DEFER: "Somebody entitled answered with a choice that leaves the gate open.",
    Move.ESCALATE: "The deadline passed, and the ladder has a rung left: later deadline, wider audience.",
    Move.DECIDE: "The last approval that was needed came, or a choice that refuses; or the deadline passed with no "
    "rung left, and the gate's policy has it written out that silence approves.",
    Move.EXPIRE: "The deadline passed, and the ladder has no rung left.",
    Move.CANCEL: "The run was cancelled or refused elsewhere.",
}


def state_page() -> str:
    return page(
        "The life of a gate",
        "A gate is opened PENDING and ends once. Nothing changes a final gate: an answer to one is refused with the "
        "receipt of what ended it. Why: [one decision](../explanation/one-decision.md).",
        fence("\n".join(_diagram()), "mermaid"),
        "## States",
        table(("state", "final", "meaning"), _state_rows()),
        "## Moves",
        table(("move", "from", "to", "when"), _move_rows()),
    )


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {State.PENDING}: open"
    for state, moves in TRANSITIONS.items():
        for move, after in moves.items():
            yield f"    {state} --> {after}: {move}"
        if state in FINAL_STATES:
            yield f"    {state} --> [*]"


def _state_rows() -> Iterator[tuple[str, ...]]:
    for state in State:
        yield code(state), "yes" if state in FINAL_STATES else "no", described(_STATES, state, what="state")


def _move_rows() -> Iterator[tuple[str, ...]]:
    for state, moves in TRANSITIONS.items():
        for move, after in moves.items():
            yield code(move), code(state), code(after), described(_MOVES, move, what="move")
