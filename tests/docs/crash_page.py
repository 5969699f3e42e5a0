"""`crash-points.md`: the moments at which a process may die, and what is then done."""

from __future__ import annotations

from signoff.app import moments

from .markdown import code, described, fence, page, table
from .source import commits

_BETWEEN = {
    moments.LEG_BEGUN: "A leg was taken from its queue and has done nothing. It is run again.",
    moments.EVENT_UNPUBLISHED: "A part of a leg is in the ledger, its events are not published. The leg is run again, "
    "finds what is recorded, and publishes.",
    moments.STEP_DONE: "A step had its effect, and its output is not recorded. The step runs again.",
    moments.TASK_DONE: "A task had its effect, and its result is not recorded. The task runs again.",
    moments.ROLLED_BACK: "A patch was taken back, and that is not recorded. It is taken back "
    "again, which finds the tree as it was.",
    moments.RELAYED: "An order was handed over, and its outbox row is not marked. The row is claimed again; a leg of "
    "that id is there already, a receiver of callbacks drops the repeat.",
    moments.DELIVERED: "A notice was sent, and its delivery is not marked. It is sent again under the same id; a "
    "receiver drops the repeat.",
}
_COMMITS = {
    "add_principal": "Somebody is known by name.",
    "begin_leg": "A run that was queued is under way.",
    "cancel_run": "A run is cancelled, its open gates with it.",
    "claim_thread": "The thread of a graph, and what is decided in it, is claimed by whoever resumes it. A claim whose "
    "process is gone is taken over.",
    "create_intent": "An intent is recorded.",
    "create_token": "A token is issued; one that dies here was shown to nobody, and can be revoked by its id.",
    "delegate": "One may act in another's roles.",
    "disable_principal": "Somebody is shut out.",
    "expire": "A passed deadline moves a gate up its ladder, or ends it.",
    "fail_run": "A run ends as ERROR.",
    "hold_thread": "A claim is renewed.",
    "let_through": "A decided gate lets its node go on. One that dies here did nothing behind the gate, and is let "
    "through again.",
    "open_gate": "A gate is opened; the run, if it is one's own, waits.",
    "pass_gate": "A leg finds the way on behind a gate.",
    "record_refusal": "What somebody was refused is recorded.",
    "record_rollback": "A taken back patch is recorded.",
    "record_step": "A step's output is recorded, the run goes to the next node or ends.",
    "record_task": "A task's result is recorded.",
    "reply": "An answer is recorded; if it decides, gate, entry and wake-up with it.",
    "retry_delivery": "A delivery that was given up is to be tried again.",
    "retry_run": "A failed run is queued again.",
    "retry_thread": "Decisions behind which a graph raised are due again.",
    "revoke_token": "A token is ended.",
    "settle_thread": "A claim is given up, with what became of each decision.",
    "start_run": "A run is recorded, and its first leg ordered.",
    "override_gate": "Somebody went past an open gate.",
    "start_spec": "A run of a spec is recorded, its first leg ordered, and gates that an override goes past decided.",
}


def crash_page() -> str:
    return page(
        "Crash points",
        "A process may be killed at any instant. These are the instants at which it would hurt most, by name. Tests "
        "kill a process with SIGKILL at each of them, start another, and compare ledgers.",
        "To die at one yourself, give its name to a process that is yours to kill:",
        fence('SIGNOFF_CRASH_AT="reply: after commit" signoff up'),
        "## Between commits",
        table(("name", "what has happened, and what is done about it"), _rows(_BETWEEN, moments.BETWEEN_COMMITS)),
        "## At commits",
        "Each transaction that writes has two points: `<name>: before commit` (nothing of it happened; whoever called "
        "must call again) and `<name>: after commit` (all of it happened; calling again finds it).",
        table(("name", "what the transaction does"), _rows(_COMMITS, commits())),
    )


def _rows(meanings: dict[str, str], names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(code(name), described(meanings, name, what="crash point")) for name in names]
