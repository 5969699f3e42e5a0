"""`errors.md`: every stable code, what it means and what to do. A code without a line here fails the build."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from signoff import errors
from signoff.api.codes import CODES
from signoff.cli.failure import exit_code_of
from signoff.errors import DiagnosticError, DocumentError, SignoffError
from signoff.sdk.refusal import error_of

from .markdown import code, described, fence, page, table
from .source import error_codes

#: What to do about codes whose meaning stands with the API.
ADVICE = {
    "bad-choice": "Send one of the keys in `details.choices`.",
    "bad-gate-key": "Use lower-case letters, digits, `:`, `_` and `-`; `details.pattern` says exactly.",
    "bad-origin": "Leave `origin` out, or send one of those in the [routes](http.md).",
    "bad-signature": "Sign with the secret that the server has, at the time at which you send; see "
    "[approve risky work](../how-to/approve-risky-work.md).",
    "bad-stream-key": "The status stream is `status`.",
    "bad-topic": "A gate's topic is `human:<gateKey>`; its view says it.",
    "bad-workflow-id": "Send the id as it was given to you; `details.pattern` says what ids look like.",
    "body-too-large": "Send less: put large things somewhere else and name them as evidence, with their hash.",
    "callback-not-allowed": "Ask the operator to allow the address in `callbacks.allow`.",
    "dedupe-conflict": "It was another answer that had this key. Send a new answer under a new key.",
    "evidence-missing": "Reject it, make what is missing, then `signoff run retry`; `details.missing` names it.",
    "gate-cancelled": "Nothing: what the gate belonged to has ended. Start it again if it is still wanted.",
    "gate-decided": "Read the `receipt`: who decided, what and when. Nothing can change it.",
    "gate-exists": "Open it with the same content as before, or under another key.",
    "gate-not-found": "Look the key up with `signoff gate list --all`.",
    "gate-timed-out": "It is too late for this gate. Retry the run, or open another gate.",
    "head-not-found": "Start a worker; it signs heads.",
    "host-refused": "Call the server by the name it was told to bind, or by a loopback name.",
    "interaction-not-found": "Name the interaction of the gate's receipt.",
    "intent-not-found": "Make the intent first, and use the id that it was given.",
    "internal-error": "Report it, with what the server's log says. Nothing that was refused was written.",
    "invalid-actor": "Send one printable name of at most 200 characters.",
    "invalid-body": "Compare with the [routes](http.md); `details.where` names the places.",
    "invalid-constraints": "The message says which one, and what it may be.",
    "invalid-cursor": "Begin without a cursor, and follow `nextCursor`.",
    "invalid-goal": "Say in 1 to 10,000 characters what is to be done.",
    "invalid-name": "Send a name of 1 to 200 characters.",
    "invalid-on-decision": "Use `none`, `message` (with `topic`) or `callback` (with `url`).",
    "invalid-prompt": "`details.at` says which part cannot be shown.",
    "invalid-query": "The message says what the parameter may be. Values out of bounds are not clamped.",
    "invalid-reason": "Shorten the reason.",
    "invalid-reply": "The message says what is not understood. Members that the form does not name are refused.",
    "invalid-requirement": "The message says what; see `Requirement` in the [routes](http.md).",
    "invalid-risk-level": "Use low, medium, high or critical.",
    "invalid-task": "`details.at` names the member; see [risk](../explanation/risk.md).",
    "invalid-ttl": "Use a whole number of seconds from 1 to 2592000 (30 days).",
    "invalid-workload": "The message says which member, and its bounds.",
    "items-required": "Look at the items and tick them: `--item ID` or `--all-items`.",
    "justification-required": "Say why: `--rationale TEXT`.",
    "ledger-unavailable": "Send the same again when the database is back; "
    "[when the database fails](../how-to/when-the-database-fails.md) says what each fault looks like.",
    "malformed-json": "The body must be one JSON document in UTF-8, no member twice, no NUL, no lone surrogate.",
    "method-not-allowed": "Use a method that the [routes](http.md) name.",
    "no-such-route": "Compare the path with the [routes](http.md).",
    "not-canonical": "Send finite numbers, integers within 2^53, and whole characters.",
    "not-entitled": "Somebody in one of the roles that the requirement names has to answer.",
    "not-signed-in": "Set `SIGNOFF_TOKEN` or `token_file`; over HTTP send `Authorization: Bearer`. `details.reason` is "
    "missing, unknown, expired, revoked or disabled.",
    "not-you": "Leave the name out: whoever the token is of acts.",
    "outcome-unknown": "Send the same again, with the same dedupe key: what was written is found, and not written "
    "twice.",
    "origin-refused": "Call from a program, or from a page of this server.",
    "prompt-changed": "Read the gate again, then answer what it asks now.",
    "queue_policy_violation": "Send `queueName: intentQ` and a `queuePartitionKey` that is not blank.",
    "requester-may-not-approve": "Somebody else has to approve.",
    "reserved-workflow-id": "Choose another workflow id.",
    "run-finished": "Nothing: it has ended.",
    "run-has-own-gates": "Open gates under a workflow id of your own.",
    "run-not-found": "Look the id up with `signoff run list`.",
    "run-not-retryable": "Wait until it has ended as ERROR, or start another run.",
    "stream-not-found": "A run has the stream `status`.",
    "topic-mismatch": "Send the gate's own topic, or none.",
    "unknown-recipe": "Leave `recipeName` out, or send `compile-default`.",
    "workflow-not-found": "Look the id up with `signoff workflow list-pending`.",
    "unsupported-media-type": "Send `content-type: application/json`.",
}

#: What the others mean, and what to do.
OTHERS = {
    "ambiguous-gate-key": ("Several workflows have a gate of this key.", "Put the workflow's id before the key."),
    "audit-damaged": (
        "No head is signed: an entry of the trail holds no hash.",
        "Run `signoff audit verify`, and compare with a backup.",
    ),
    "invalid-spec": (
        "A spec or its compiled file cannot be taken.",
        "The message names every line; see [write a spec](../how-to/write-a-spec.md).",
    ),
    "backup-exists": ("Something stands where the backup was to be made.", "Name a directory that is not there yet."),
    "backup-failed": ("The backup cannot be written.", "The message says why: look at room and rights there."),
    "backup-on-postgres": (
        "A ledger on Postgres was to be copied as if it were a file.",
        "Use `pg_dump`, as [back up and verify](../how-to/back-up-and-verify.md) shows.",
    ),
    "bad-sql": ("The query cannot be run, or would write.", "Send one query that reads."),
    "bench-timeout": (
        "A measurement waited too long for something.",
        "Allow more with `--timeout-s`, or measure less; see [measure](../how-to/measure.md).",
    ),
    "callback-failed": (
        "A callback was not answered with a 2xx. It is in the outbox, and tried again with back-off.",
        "Look at the receiver; see [receive a callback](../how-to/receive-a-callback.md).",
    ),
    "caller-error": ("The caller can put it right.", "The message says what; a more special code is usual."),
    "cannot-make-database": (
        "A measurement makes databases of its own, and the role that `--database-url` names may not.",
        "Name a role with CREATEDB, or measure with `--postgres`.",
    ),
    "cannot-listen": ("The address is taken, or none of this machine's.", "Choose another `--port` or `--host`."),
    "channel-not-found": ("The notify file has no channel of this name.", "The message says which there are."),
    "conflict": ("Somebody or something was there first.", "The message says what; a more special code is usual."),
    "commit-refused": (
        "A story's commit cannot be made as it stands: a file is missing, something else is staged, HEAD is detached.",
        "Put right what the message names, and answer again.",
    ),
    "editor-failed": (
        "The editor for a commit message cannot be started, or failed.",
        "Set `EDITOR`, or give the message with `--message-file`.",
    ),
    "invalid-checkpoint-state": (
        "A pipeline is at no checkpoint, at another one than expected, or its data is not what is shown there.",
        "The message names the member; see [answer story checkpoints](../how-to/answer-story-checkpoints.md).",
    ),
    "invalid-commit-message": (
        "A commit message is empty, or too long.",
        "Write one.",
    ),
    "invalid-pipeline-state": (
        "A pipeline's state file is no JSON, or something in it has another shape.",
        "The message names file and line, or the member.",
    ),
    "pipeline-state-changed": (
        "A pipeline's state file was changed by somebody else between look and answer; it is left as it is.",
        "Look again, and decide again.",
    ),
    "pipeline-state-lost": (
        "A state file does not hold what was written to it a moment ago.",
        "Look who else writes it, and at the disk; the decision is in the ledger.",
    ),
    "pipeline-state-not-found": (
        "There is no state file of a pipeline.",
        "Name it with `--state`.",
    ),
    "git-busy": (
        "A commit that was begun before still runs, or one of its hooks does, though whoever began it was killed.",
        "Wait until it has ended, or end it; then run the command again.",
    ),
    "git-failed": ("Git cannot do what it has to.", "The message has what git said."),
    "hook-not-written": (
        "The guard cannot be put into git's hooks.",
        "The message names the file; look at its permissions.",
    ),
    "merge-running": (
        "Another process merges this mission.",
        "Wait until it has ended, then run it again: it goes on from there.",
    ),
    "no-proc": (
        "A process cannot be weighed: it has ended, or the system has no /proc.",
        "Measure on Linux; look at the process's log where it ended.",
    ),
    "no-tracking-branch": (
        "A mission's target branch tracks no branch of a remote, from which a branch of its own could begin.",
        "Set it: `git branch --set-upstream-to`.",
    ),
    "nothing-to-merge": ("The remote has every commit of the mission.", "Nothing is left to do."),
    "prompt-not-written": (
        "A reviewer's prompt cannot be written, so that nobody was asked.",
        "Look at the folder that the message names, and at the room on the disk.",
    ),
    "report-not-written": (
        "A mission is signed off, and its release report cannot be written.",
        "Put right what the message names, then `signoff run retry`.",
    ),
    "target-moved": (
        "The target branch is not at the commit that was signed off.",
        "Have it signed off again: `signoff mission ship`.",
    ),
    "ambiguous-mission": (
        "Several missions are meant, or may be.",
        "Name one with `--mission`; `details.missions` has them.",
    ),
    "bad-mission-slug": ("A mission cannot be called so.", "Use up to 80 letters, digits, `-` and `_`."),
    "bad-worktree-name": (
        "`lanes.json` has a worktree whose name would lead elsewhere.",
        "Give it the name of a plain folder there.",
    ),
    "invalid-evidence": ("The file of evidence is no JSON object, or too large.", "The message has the limit."),
    "link-limited": (
        "Whoever signed in by a link asked for more than that link's gate.",
        "Sign in; see [use the inbox](../how-to/use-the-inbox.md).",
    ),
    "link-refused": (
        "A one-time link is unknown, was used, or is no longer good.",
        "Sign in, or wait for the next notice.",
    ),
    "openid-refused": (
        "What a provider of OpenID Connect says of somebody is not to be believed, or not enough; nobody was let in.",
        "Begin again. If it stays so: [sign in with OpenID](../how-to/sign-in-with-openid.md).",
    ),
    "openid-unavailable": (
        "The provider of OpenID Connect does not answer, or not as one.",
        "`signoff doctor` says why. Tokens work meanwhile.",
    ),
    "openid-while-open": (
        "People are to sign in at a provider, and no token was ever issued, so that the server would be open.",
        "Issue the first one; see [sign people in](../how-to/sign-people-in.md).",
    ),
    "missing-assets": (
        "The inbox's scripts are not in the package, which was never built.",
        "Install it: `uv sync` in a source tree.",
    ),
    "lane-conflict": (
        "A lane cannot take in what it depends on by itself.",
        "Merge it in the worktree as the message says, then start the package again.",
    ),
    "mission-exists": ("There is a mission of this name.", "Choose another name, or go on with that one."),
    "lanes-exist": (
        "An older mission was to be adopted with one branch for all of its work, and its `lanes.json` names others.",
        "Leave `--branch` out, or see in `lanes.json` which branch each lane has.",
    ),
    "no-work-packages": (
        "A mission was to be adopted that has no files of work packages.",
        "Plan them: `signoff mission plan`, then `signoff mission tasks`.",
    ),
    "no-such-process": ("A claim was to be held by a process that does not run.", "Give the number of one that does."),
    "no-such-subtask": ("The package has no subtask of this id.", "The message names those that it has."),
    "no-target-branch": (
        "The branch that a mission is merged into is not named, or has no commit to begin from.",
        "Name it with `signoff mission adopt --target BRANCH`, or commit there first.",
    ),
    "not-a-repository": (
        "Missions are kept in git: here is no repository, or one without a primary checkout.",
        "Go to one, or make one with `git init`.",
    ),
    "plan-not-found": ("The mission has no plan to make work packages of.", "Write it: `signoff mission plan`."),
    "uncommitted-changes": (
        "A package was to be handed in while files in its worktree are changed and not committed.",
        "Commit or discard them, then submit again.",
    ),
    "work-package-not-found": (
        "The mission has no work package of this id.",
        "The message names those that it has.",
    ),
    "content-not-found": (
        "Nothing is kept of a piece of evidence, a payload or a body, so that no page can show it.",
        "Follow its address, and compare its SHA-256 with the one that the gate names.",
    ),
    "csrf-refused": (
        "A form of the inbox does not carry the token of the session that sends it.",
        "Load the page again, then send it.",
    ),
    "damaged-secret": ("A key file does not hold 64 hex digits.", "Restore the file from a backup."),
    "deadline-not-kept": ("The gate's deadline has passed, and nothing ends the gate.", "Start a worker."),
    "delivery-failed": (
        "A notice did not get through. Its delivery is tried again with back-off.",
        "`signoff notify list` says why; see [notify people](../how-to/notify-people.md).",
    ),
    "delivery-not-failed": ("The delivery is not given up.", "Nothing: it was sent, or is tried again by itself."),
    "delivery-not-found": ("There is no delivery of this id.", "`signoff notify list` shows them."),
    "development-ledger": (
        "The ledger's clock was moved in development mode, and a server outside it was started on it.",
        "Start with `--dev`, or begin a new ledger.",
    ),
    "entry-not-found": ("The audit trail has no entry of this seq.", "Look for it at `/audit`."),
    "error": ("The root of all codes; never sent by itself.", "The message says what."),
    "gates-not-passed": (
        "A run of a spec was to begin behind gates that were not passed before, with this text and these policies.",
        "Begin earlier, or go past them with `--override`; `details.gates` names them.",
    ),
    "gate-final": ("The gate has ended.", "Read the `receipt`; a more special code is usual."),
    "host-not-loopback": (
        "The API is open and was told to listen beyond this machine.",
        "Issue a token first, or bind a loopback address; see [sign people in](../how-to/sign-people-in.md).",
    ),
    "illegal-move": ("The gate's state knows no such move.", "Read the gate again."),
    "invalid-delegation": ("A delegation would mean nothing.", "The message says why."),
    "invalid-link": ("A one-time link would be worth nothing.", "The message says why."),
    "invalid-instant": (
        "A span or an instant on the command line cannot be read, or a clock would be moved too far.",
        "Write 3d, or 2026-12-01T18:00Z.",
    ),
    "invalid-role": ("A role is not one that somebody can hold.", "The message says what a role may be."),
    "invalid-token-request": ("A token cannot be made.", "The message says why."),
    "invalid-document": ("Something in a file cannot be taken.", "The message names file and line."),
    "invalid-field": (
        "A field of the form is not of the form's type, or unknown.",
        "See the form with `signoff gate show`.",
    ),
    "invalid-input": ("It is not understood, or out of bounds.", "The message says what it may be."),
    "invalid-notify-file": (
        "The notify file, or a template that it names, cannot be taken.",
        "The message names every line; see [notify people](../how-to/notify-people.md).",
    ),
    "invalid-plan": ("A plan cannot be walked.", "The message names the node."),
    "invalid-policy": (
        "The files of a risk policy cannot be taken, or there are none.",
        "The message names every line; see [write a policy](../how-to/write-a-policy.md).",
    ),
    "invalid-question": ("An option of `signoff ask` cannot be taken.", "The message names the option."),
    "invalid-recording": (
        "The folder in `replay_dir` cannot be read, or a file in it is no recording.",
        "The message names the file; see [write an agent](../how-to/write-an-agent.md).",
    ),
    "invalid-setting": (
        "A flag or variable cannot be taken, or what `gates` says of a gate is not for the spec's tier.",
        "See the [settings](settings.md).",
    ),
    "invalid-settings": (
        "`signoff.yaml` cannot be read, or something in it cannot be taken.",
        "The message names every line; see the [settings](settings.md).",
    ),
    "invalid-token": ("The token is empty, or holds a blank or a character that no token has.", "Copy it again."),
    "bad-branch-name": (
        "A name of a branch is one that git or a shell could take for something else.",
        "Use letters, digits, `.`, `_`, `-`, `+` and `/`.",
    ),
    "invalid-mission": (
        "A file of a mission cannot be taken.",
        "The message names every line; see [missions](missions.md).",
    ),
    "mission-diagnostic": (
        "A mission's command stopped; the code that is sent is more special: the `diagnostic_code` in lower case.",
        "The message says how to go on; see [missions](missions.md#what-is-found).",
    ),
    "move-refused": (
        "A work package cannot be moved like this; the code that is sent is more special.",
        "The message names the edge or the guard, and how to go on; see [missions](missions.md#moves).",
    ),
    "mission-not-found": (
        "There is no such mission, or none at the path.",
        "See which there are: `signoff mission list`.",
    ),
    "ledger-needed": (
        "What was asked can be done at the ledger itself only, and the client is of a server.",
        "Connect with `dir=` or `database_url=`; see [use with LangGraph](../how-to/use-with-langgraph.md).",
    ),
    "malformed-audit-entry": ("What should be sealed is no entry.", "Inside `audit verify` it is a finding."),
    "malformed-audit-head": ("What should be signed is no head.", "Inside `audit verify` it is a finding."),
    "malformed-audit-row": ("A line of an export is no row of the trail.", "Export again."),
    "missing-program": (
        "A program or extra that the settings ask for is not installed.",
        "Install it; `signoff doctor` names it.",
    ),
    "no-commit": (
        "A release was to be decided about outside of any repository, or in one that has no commit yet.",
        "Go to the repository, and commit first; see [decide about a release](../how-to/release.md).",
    ),
    "unreadable-report": (
        "A record or report of a release cannot be read as one. It stands in the decision, which is NO-GO.",
        "Run its part again: `poe check` or `poe full`.",
    ),
    "no-git-identity": (
        "Whoever git knows was to act (in missions, or with `actor: git`), and git has no user.name.",
        "Run `git config user.name NAME`; in missions, or say `--actor NAME`.",
    ),
    "no-notify-file": (
        "There is no notify file, so that nobody is told of gates.",
        "Write one; see [notify people](../how-to/notify-people.md).",
    ),
    "no-target": ("No route tells anybody by this channel.", "Name a target with `--to`."),
    "not-over-url": (
        "Principals and tokens are made in the ledger itself, not through a server.",
        "Unset `SIGNOFF_URL`; name the ledger with `--dir` or `--database-url`.",
    ),
    "principal-exists": (
        "The name is taken, or looks like one that is.",
        "Choose another; `signoff principal list` shows who is known.",
    ),
    "principal-not-found": ("Nobody is known by this name.", "`signoff principal list` shows who is."),
    "thread-needed": (
        "A gate was asked outside a node, or in a graph without a checkpointer or a thread.",
        "Compile the graph with a checkpointer, and run it with a `thread_id`.",
    ),
    "token-file-exposed": (
        "Others can read the file that `token_file` names, or a `signoff.yaml` with a token in it.",
        "Run `chmod 600` on it, or keep the token elsewhere.",
    ),
    "token-not-found": ("There is no token with this id.", "`signoff token list` shows ids."),
    "no-ledger": ("There is no ledger here.", "Say where it is with `--dir` or `--database-url`, or `signoff up`."),
    "no-policy": ("The process was given no risk policy.", "Report it: commands and servers have one."),
    "no-repository": (
        "A step of a spec or story was to run on a worker that has no such repository; or a story was to be started "
        "outside of any.",
        "Retry the run with a worker on the machine that has it; start a story in its repository.",
    ),
    "no-such-leaf": ("The tree has no such leaf.", "Count from 0."),
    "no-such-rule": (
        "The risk policy has no level, rule or trigger of this name.",
        "See all of them with `signoff policy explain`.",
    ),
    "no-terminal": ("There is nobody at a terminal to ask.", "Say the answer with `--answer`."),
    "not-a-signoff-server": ("Something else answers at the URL.", "Look at `SIGNOFF_URL`."),
    "not-an-audit-export": ("The file is no export of the trail.", "Make one with `signoff audit export`."),
    "not-development": (
        "The clock was to be moved of a ledger that is not in development mode.",
        "Start its server with `signoff up --dev`.",
    ),
    "not-due": ("The deadline has not passed.", "Wait."),
    "not-found": ("There is no such thing.", "The message says what was looked for."),
    "not-hex": ("What should be a hash is not hex.", "Inside `audit verify` it is a finding."),
    "operation-failed": ("Something outside did not work.", "The message says what; the log says more."),
    "output-escapes": (
        "An output, or a recording's file, leads out of the repository, or to git's or signoff's own files.",
        "Name a path inside; look where symbolic links lead.",
    ),
    "output-missing": (
        "A step of a spec has not made its outputs, and no gate would show that.",
        "Look at what its commands wrote with `signoff run show`, then `signoff run retry`.",
    ),
    "requirement-not-met": ("The gate asks for more than the answer has.", "The message says what is missing."),
    "run-failed": ("The run ended before its gate.", "`signoff run show` says why."),
    "schema-edited": (
        "A migration that was applied is not the one of this program.",
        "Run the version that made the ledger; a ledger whose tables were changed by hand cannot be gone on with.",
    ),
    "schema-version": ("The ledger is older or newer than this program.", "Run what the message says."),
    "server-not-started": ("The demo's server did not start.", "The message names its log."),
    "stale-spec": (
        "A compiled file is not what its Markdown compiles to, or the Markdown is gone.",
        "Run the command that the message names.",
    ),
    "several-gates-wait": ("Several gates of a spec wait.", "Name one: its key, or G0 to G4 for the newest run's."),
    "step-failed": ("A step of a run did not succeed.", "`signoff run show`, then `signoff run retry`."),
    "unknown-action": ("A stored plan names an action that this version does not know.", "Run the version that does."),
    "unknown-timezone": (
        "A gate's business hours are in a time zone that this machine does not know.",
        "Install the system's time zones, or name one that it knows in the policy.",
    ),
    "unknown-language": (
        "A spec that shall run has blocks of commands that nothing can run.",
        "Write them in one of the languages that the message names, or move them out of **Commands:**.",
    ),
    "unknown-gate": ("The spec has no such gate.", "Name one that the message names."),
    "unknown-step": ("The spec has no such step.", "Name one that the message names."),
    "unreadable-file": ("A file cannot be read.", "The message says why."),
    "unwritable-file": ("A file cannot be written.", "The message says why."),
    "usage": ("The command line is not understood.", "See `--help`."),
    "bad-answer": (
        "What an agent of a story said is not in the form that it is asked for.",
        "Repair the agent; `signoff run show` has what it said. Then `signoff story resume`.",
    ),
    "bad-qa-gate": (
        "The QA gate file of a story cannot be read, contradicts itself, or is of another story.",
        "Look at it with `signoff story qa-check`; `signoff story resume` has it reviewed again.",
    ),
    "dependencies-unfinished": (
        "A story depends on others that are not complete; `details.unfinished` names them.",
        "Finish those first, or say in the backlog that they are complete.",
    ),
    "gate-not-waiting": (
        "A gate was to be withdrawn and asked anew, and has ended meanwhile.",
        "Read the `receipt`, where there is one, and go on with `signoff story resume`.",
    ),
    "invalid-core-config": (
        "`core-config.yaml` is no YAML mapping, or a folder in it is no text.",
        "Correct the line that the message names.",
    ),
    "no-agent": (
        "A story was to be run, and nobody is there to do the work.",
        "Say `--agent command`, `--agent none`, or where recordings are.",
    ),
    "no-answer": (
        "There is no agent, and the person who did the work has not said what came of it.",
        "Write the answer to the file that the message names, then `signoff story resume`.",
    ),
    "no-backlog": (
        "There is no backlog, or it has no table of stories under 'Current Sprint'.",
        "Name it with `--backlog`; see [stories](story.md#the-backlog).",
    ),
    "no-recording": (
        "The agent replays recordings, and has none for this story, agent and time.",
        "Record it, or have a program do it with `--agent command`.",
    ),
    "no-story-run": (
        "No run of this story is in the ledger with this state file.",
        "Start it with `signoff story start`, or name the file with `--state`.",
    ),
    "nothing-to-commit": (
        "Nothing that an agent of a story named has changed.",
        "Look at what was left out; have the agent name what it changed.",
    ),
    "outside-repository": (
        "The backlog is outside of the repository in which the story is run.",
        "Run it from the backlog's repository.",
    ),
    "duplicate-story": (
        "The story stands in the current sprint more than once, so that nobody knows how far it is.",
        "Leave one of the lines that the message names.",
    ),
    "pipeline-busy": (
        "The state file says that a story is under way, and no run of this ledger is.",
        "Finish it where it was started, or name another file with `--state`.",
    ),
    "story-complete": (
        "The story is complete.",
        "Nothing; choose another one.",
    ),
    "story-ended": (
        "The last run of this story was committed, aborted or cancelled, so that there is nothing to go on with.",
        "Do what the message says, or start it anew.",
    ),
    "story-not-ready": (
        "The product owner's agent said NO-GO, with critical issues.",
        "Put right what `details.criticalIssues` says, then `signoff story resume`.",
    ),
    "story-running": (
        "A run on this state file has not ended.",
        "Go on with it, or cancel it; the message has both commands.",
    ),
    "unknown-story": (
        "The current sprint has no such story, or none that is marked backlog.",
        "Name one of those that the message lists.",
    ),
    "unwritable-backlog": (
        "The story's place in the backlog cannot be written.",
        "Give the worker's user the rights to the file, then `signoff story resume`.",
    ),
}


def errors_page() -> str:
    return page(
        "Error codes",
        "Programs decide by the code, which never changes; the sentence beside it is for people and may. Over HTTP a "
        "refusal is `application/problem+json`, with `--json` it is one document on stdout, in Python an exception "
        "with `code`, `message` and `details`. A conflict that somebody else has won carries the winner's `receipt`.",
        "Every refusal of an answer writes nothing.",
        table(("code", "class", "HTTP", "exit", "meaning", "what to do"), map(_row, error_codes())),
        "## Classes",
        "What is caught with a class is caught with those below it.",
        fence(_tree()),
    )


def _row(name: str) -> tuple[str, ...]:
    kinds = sorted(error_codes()[name])
    status = str(CODES[name].status) if name in CODES else ""
    return code(name), ", ".join(map(code, kinds)), status, exit_code(name), *_words(name)


def _words(name: str) -> tuple[str, str]:
    if name in CODES:
        return CODES[name].sentence, described(ADVICE, name, what="error code")
    return described(OTHERS, name, what="error code")


def exit_code(name: str) -> str:
    """That of the command line, by the class that carries the code, here or on its way back from a server."""
    kinds = sorted(error_codes()[name])
    if name == "usage":
        return "2"
    made = [_made(kind, name) for kind in kinds] or [error_of(CODES[name].status, {"error": "", "code": name})]
    return ", ".join(sorted({str(exit_code_of(error)) for error in made}))


def _made(kind: str, name: str) -> SignoffError:
    raised: type[SignoffError] = getattr(errors, kind)
    if issubclass(raised, DocumentError):
        return raised("", path="", code=name)
    if issubclass(raised, DiagnosticError):
        return raised("", diagnostic_code="", remediation="", code=name)
    return raised("", code=name)


def _tree() -> str:
    drawing = inspect.cleandoc(errors.__doc__ or "").split("\n\n")
    return "\n".join(_lines_of_tree(next(part for part in drawing if "SignoffError\n" in part)))


def _lines_of_tree(part: str) -> Iterator[str]:
    return (line.removeprefix("    ") for line in part.splitlines())
