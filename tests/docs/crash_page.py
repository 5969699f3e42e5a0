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
    moments.MOVED: "A work package's event is in the mission's log, and `status.json` does not say so yet. The next "
    "command of the mission makes it anew from the log.",
    moments.CYCLE_WRITTEN: "A review's cycle file is written, and its event is not in the log. It is recorded again, "
    "which finds the file and writes the event.",
    moments.MERGED: "Lanes are brought together in a scratch worktree; every branch is as it was. The merge goes on "
    "from there.",
    moments.CHECKPOINT_DECIDED: "A checkpoint is decided in the ledger, and the pipeline's state file does not know. "
    "The next `signoff story checkpoint` finds the decision, and brings the file up to date.",
    moments.STORY_COMMITTED: "A story's commit is made, and the state file does not know. The next `signoff story "
    "checkpoint` finds the commit, and makes no other.",
    moments.STATE_DRAFTED: "A state file is written beside the old one, and has not taken its place. The old one "
    "stands; whoever comes next clears the draft away.",
    moments.TARGET_MOVED: "The target branch has every lane, and its packages are not done yet. The merge finds that, "
    "and writes their events.",
}
_COMMITS = {
    "add_principal": "Somebody is known by name.",
    "ask_again": "A gate whose subject has changed is withdrawn, and its run goes back to ask anew.",
    "begin_at_gate": "A run that waits at its gate is recorded, with the gate open. Asked again, it is found.",
    "begin_leg": "A run that was queued is under way.",
    "cancel_run": "A run is cancelled, its open gates with it.",
    "claim_thread": "The thread of a graph, and what is decided in it, is claimed by whoever resumes it. A claim whose "
    "process is gone is taken over.",
    "create_intent": "An intent is recorded.",
    "create_token": "A token is issued; one that dies here was shown to nobody, and can be revoked by its id.",
    "delegate": "One may act in another's roles.",
    "disable_principal": "Somebody is shut out.",
    "change_principal": "Somebody's roles are changed, or they are let in again.",
    "end_sessions": "Somebody has signed out of the inbox.",
    "expire": "A passed deadline moves a gate up its ladder, or ends it.",
    "extend_session": "A session in use is good for another while. One that dies here ends sooner.",
    "fail_run": "A run ends as ERROR.",
    "hold_thread": "A claim is renewed.",
    "let_through": "A decided gate lets its node go on. One that dies here did nothing behind the gate, and is let "
    "through again.",
    "make_link": "A one-time link is recorded. One that dies here was sent to nobody, and ends by itself.",
    "open_session": "Somebody is signed in at the inbox. One that dies here is nobody's cookie, and ends by itself.",
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
    "use_link": "A link is used up, and its session open.",
    "close_gate": "A gate was withdrawn, or its decision is known to be taken up.",
    "override_gate": "Somebody went past an open gate.",
    "start_story": "A run of a story is recorded, and its first leg ordered.",
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
