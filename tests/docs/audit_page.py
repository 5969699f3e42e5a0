"""`audit-events.md`: every event of the audit trail, and the recipes by which auditors check it."""

from __future__ import annotations

from pathlib import Path

from .markdown import code, described, fence, page, table
from .source import Event, events, finding_codes

EVENTS = {
    "access.refused": "Somebody who was not signed in, or not entitled, tried to write; what was tried wrote nothing. "
    "At a gate it is in the gate's chain, at the sign-in in the chain `identity`. Of actors who have not signed in a "
    "chain has one a second at most.",
    "gate.approved": "An approval was taken, and the requirement asks for more.",
    "gate.cancelled": "What the gate belongs to ended first.",
    "gate.closed": "Whoever opened the gate has taken its decision up; it does not take effect once more.",
    "gate.decided": "An answer decided the gate.",
    "gate.counted": "Open to more people, the gate is met by those who approved before; the last of them decided it.",
    "gate.deferred": "Somebody answered with a choice that leaves the gate open.",
    "gate.escalated": "The gate climbed its ladder and stays open: its deadline passed (the actor is `deadline`), or "
    "nobody who is known could meet what it required (`signoff`).",
    "gate.opened": "A gate was opened.",
    "gate.overridden": "Somebody in the role `override` went past the gate, whatever it requires, and said why.",
    "gate.passed": "The gate, decided before, let the node of a graph go on that waits for it. Each time that a "
    "thread goes on behind a gate is an entry.",
    "gate.timed-out": "The deadline passed without a decision. The actor is `deadline`.",
    "gate.unsatisfiable": "Nobody who is known could meet what the gate requires, and its ladder has no rung left. It "
    "stays open: somebody may be added.",
    "intent.created": "Somebody said what is to be done.",
    "link.made": "A one-time link to a gate was made for somebody. Neither it nor its hash is in the record.",
    "principal.added": "A person or service is known by name. In the chain `identity`, as all that follows.",
    "principal.delegated": "One may act in the roles of another for a time.",
    "principal.changed": "Somebody's roles were changed, or they were let in again.",
    "principal.disabled": "Somebody was shut out.",
    "run.advanced": "A run that was queued or waited goes on at a node.",
    "run.cancelled": "Somebody ended the run.",
    "run.failed": "A step did not succeed.",
    "run.refused": "A gate did not let the run through.",
    "run.resumed": "A decision woke the run.",
    "run.led-back": "A choice, or a step that found what was let through changed, led the run back to do a part anew.",
    "run.retried": "Somebody had a failed run tried again.",
    "run.started": "A run was started, under the plan of this digest.",
    "run.succeeded": "The run reached the end of its plan.",
    "session.ended": "Somebody signed out, here or everywhere.",
    "session.opened": "Somebody signed in at the inbox: with a token, with a link, or at a provider.",
    "step.done": "A step's output was recorded.",
    "step.rolled-back": "What a step did was taken back, or could not be.",
    "token.created": "A token was issued. Neither it nor its hash is in the record.",
    "token.revoked": "A token was ended.",
}
MEMBERS = {
    "attempt": "Which attempt of the run, from 1.",
    "checkpointId": "The checkpoint of the thread at which it stopped for the gate.",
    "choice": "The key of the choice.",
    "claim": "The claim under which the thread was resumed: where, by which process.",
    "code": "The error code with which it was refused.",
    "conditions": "The conditions that came with the answer.",
    "constraints": "The constraints of the intent.",
    "deadlineAt": "The gate's deadline after this, in epoch milliseconds.",
    "delegatedFrom": "In whose place the actor answered, by delegation.",
    "doing": "What was tried.",
    "effect": "What the choice does: approve, reject, fix or hold.",
    "endsAt": "When the session ends at the latest, in epoch milliseconds.",
    "error": "Why the run ended, in a sentence.",
    "escalationLevel": "How many rungs the gate has climbed.",
    "expiresAt": "When the token ends by itself, in epoch milliseconds.",
    "from": "Whose roles they are.",
    "gateKey": "The gate at which it was refused, or that the link leads to.",
    "goal": "What is to be done.",
    "inputsSha256": "SHA-256 over the canonical JSON of the intent's inputs.",
    "interactionId": "The row of `human_interactions` with the answer as it was given.",
    "isAuthenticated": "Whether the actor had signed in; false in open mode, where the name is what was typed.",
    "isRepeat": "Whether the gate had let its node go on before: whoever resumed then may have died since.",
    "issuer": "Which provider of OpenID Connect vouched for them.",
    "itemsOpen": "The items of the checklist that the answer did not tick.",
    "itemsTicked": "Those that it ticked.",
    "kind": "`person` or `service`.",
    "linkId": "The row of `links`.",
    "name": "The principal's name.",
    "node": "The node of the plan.",
    "origin": "The surface through which the answer came.",
    "output": "What was done.",
    "outputSha256": "SHA-256 over the canonical JSON of the step's output.",
    "passed": "The gates before the start that were passed in earlier runs: the node, and that gate's run and key.",
    "payloadHash": "SHA-256 over the canonical JSON of the answer's payload.",
    "planDigest": "SHA-256 over the canonical JSON of the run's plan.",
    "principalId": "The row of `principals`.",
    "promptDigest": "The digest of what was asked.",
    "rationale": "Why, in the words of the answer.",
    "reason": "Why, as it was given.",
    "recipe": "The recipe of the plan.",
    "remaining": "How many approvals are still missing, by role.",
    "requestedBy": "Who asked for the gate.",
    "requirement": "Whose approvals the gate needs after this.",
    "riskLevel": "The gate's risk level.",
    "role": "The role in which the actor answered.",
    "roles": "The roles that the principal holds.",
    "rolesBefore": "The roles that they held before.",
    "isEnabled": "Whether they may act.",
    "sessionId": "The row of `sessions`.",
    "sessions": "How many sessions were ended.",
    "specSha256": "SHA-256 over the spec's file.",
    "start": "The node at which the run began.",
    "state": "The gate's state after this.",
    "stateFile": "The state file of a story's pipeline.",
    "status": "The run's status after this.",
    "step": "The step.",
    "subject": "What it is about. Of a run: the spec's path, the story's id. Of an answer: the texts in "
    "`payload.subject` of the prompt, which for a spec are its path, digest, tier, step, gate, branch and commit. "
    "Of a session: what the provider knows the principal as.",
    "threadId": "The thread of the graph.",
    "title": "The title of the prompt.",
    "to": "Who may act in them.",
    "tokenId": "The row of `tokens`.",
    "untilAt": "Until when, in epoch milliseconds.",
    "workflowId": "The workflow of the gate that the link leads to.",
    "tool": "The program that recorded the answer, and its version.",
}
FINDINGS = {
    "entry-altered": "An entry does not fit its own hash.",
    "entry-missing": "An entry's place in its chain is empty.",
    "fork": "Two entries of one workflow have the same number.",
    "head-ahead": "A head covers more entries than there are: some are gone from the end.",
    "head-mismatch": "A head covers other entries: one was altered in its hash, removed, added or moved.",
    "head-signature": "A head was not signed by the key that it names, or was altered since.",
    "head-untrusted-key": "A head is signed by a key that `--trust` does not name.",
    "link-broken": "An entry was rewritten with a new hash, and the one after it still names the old.",
}
_PROGRAM = Path(__file__).with_name("verify_export.py")


def audit_page() -> str:
    return page(
        "Audit events",
        "Whatever happens to a run or a gate writes an entry in the transaction that does it. What the trail proves, "
        "and what not: [the audit trail](../explanation/audit.md).",
        "## Events",
        "`gate.*` entries name their gate in `gateKey`; in the others it is null. A value that is not known is null.",
        table(("event", "when", "members of the body"), map(_row, events())),
        "## Members",
        table(("member", "meaning"), ((code(name), described(MEMBERS, name, what="member")) for name in members())),
        _RECIPES,
        "## Findings",
        "What `signoff audit verify` may find.",
        table(
            ("code", "meaning"),
            ((code(name), described(FINDINGS, name, what="finding")) for name in sorted(finding_codes())),
        ),
        "## Verify without signoff",
        "`signoff audit export > trail.jsonl` writes the trail. This program checks it by the recipes above; it needs "
        "the packages `rfc8785` and `cryptography`. `KEY_ID` is the key that you noted when you set up.",
        fence(_PROGRAM.read_text("utf-8"), "python"),
    )


def members() -> list[str]:
    return sorted({member for event in events() for member in event.members})


def _row(event: Event) -> tuple[str, ...]:
    assert event.is_at_gate == event.name.startswith("gate."), f"{event.name}: does it name its gate?"
    return code(event.name), described(EVENTS, event.name, what="event"), ", ".join(map(code, event.members))


_RECIPES = """\
## The hash of an entry

SHA-256, as 64 lower-case hex digits, over the RFC 8785 canonical JSON of all the other columns:

```json
{"seq": 7, "workflowId": "release-1.2", "n": 3, "gateKey": "ship", "at": 1767225600000, "actor": "ada",
 "event": "gate.decided", "body": {}, "prevHash": "64 hex digits"}
```

- `seq` orders the entries of the whole ledger. It ascends and may have gaps.
- `n` counts the entries of one workflow from 1, without gaps.
- `at` is in epoch milliseconds.
- `body` is the object, not its text. In the table it is stored as canonical text.
- `gateKey` is null where the entry is not about a gate.
- `prevHash` is the hash of entry n - 1 of the same workflow, or 64 zeros where `n` is 1.

## The signature of a head

A head is `{treeSize, root, signedAt, keyId, signature}`.

- `root` is the root of the Merkle tree (RFC 6962, section 2.1) over the first `treeSize` entries in the order of `seq`,
  as 64 hex digits. A leaf is `SHA-256(0x00 || the 32 bytes of the entry's hash)`, a node is
  `SHA-256(0x01 || left || right)`, and n leaves are split at the largest power of two below n.
- What is signed is the RFC 8785 canonical JSON of `{root, signedAt, treeSize}`, with Ed25519.
- `keyId` is `ed25519:` and the raw public key as 64 hex digits. `signature` is base64, with padding.

## The form of an export

JSON Lines: `{"kind":"signoff-audit","version":1}`, then the entries in the order of `seq`, each with `"kind":"entry"`,
its columns and its `hash`, then the heads, each with `"kind":"head"`. An export of one workflow has no heads, since
those vouch for the whole ledger.
"""
