"""`story.md`: the files of a story: backlog, configuration, state, QA gates, recordings, and what is found in them."""

from __future__ import annotations

from signoff.runners.story.answers import FORMS, ROLES
from signoff.stories import qa_gate, record
from signoff.stories.choices import CHOICES
from signoff.stories.core_config import PRD, QA, STORIES
from signoff.stories.state import Event, Kind, Phase, Stage, Status

from .markdown import code, described, fence, page, table

QA_FINDINGS = {
    "decorated-word": "A word of the vocabulary with something beside it, such as an icon (`✅ PASS`). It is read.",
    "gate-too-lenient": "The gate says less than its own issues, NFRs and risk scores mean.",
    "gate-too-strict": "The gate says more than anything in the file means.",
    "invalid-shape": "Something has another shape than it should: no mapping, no list.",
    "invalid-yaml": "It is no YAML that can be taken: broken, a key twice, an alias.",
    "letter-case": "A word of the vocabulary in another case. It is read.",
    "missing-gate": "There is no gate.",
    "no-gate-files": "A folder that was named has no file that ends in `.yml` or `.yaml`, nor has a folder in it.",
    "missing-story": "It does not say which story it is of.",
    "nested-gate": "The gate is a mapping with everything in it. It is read.",
    "superseded": "Another file of the same story holds: it was updated later, or is the last by its path.",
    "unknown-value": "A word that is not in the vocabulary, such as `RESOLVED`, `CRITICAL` or `N/A`.",
    "unreadable-file": "It cannot be read, is too long, or is not UTF-8.",
    "unreadable-time": "`updated` is no time that can be read.",
    "waiver-incomplete": "A gate is waived, or a waiver is active, without `active: true`, a `reason` and an "
    "`approved_by` (or `approver`).",
}
RECORD_FINDINGS = {
    "completed-without-approval": "A story is complete, and nothing shows that this checkpoint was approved.",
    "event-after-completion": "Something is told of a story after its end.",
    "missing-file": "A file that is named does not exist, and no commit is to delete it.",
    "phase-skipped": "A story went on, and nothing shows that it went through this phase.",
    "times-out-of-order": "A time comes before one that it should follow.",
    "unknown-state": "A status, phase, checkpoint, state, event, gate or validation status that is not known.",
    "unknown-story": "The history, `currentStory` or `checkpointData` is of a story of which the file says nothing.",
    "unreadable-time": "A time is missing from the history, or cannot be read. Read are ISO 8601, dates with the name "
    "of their month, and seconds or milliseconds since 1970.",
}
_WORDS = {
    "pipeline.status": Status,
    "pipeline.phase": Phase,
    "pipeline.checkpoint": Kind,
    "stories.*.state": Stage,
    "history[].event": Event,
}


def story_page() -> str:
    return page(
        "Stories",
        "The files of a story pipeline. [Run a story](../how-to/run-a-story.md) shows them at work.",
        _BACKLOG,
        "## The configuration",
        "`core-config.yaml`, in `.bmad-core/` or at the top of the repository. Other keys are told to agents.",
        table(
            ("key", "without it", "meaning"),
            (
                (code("devStoryLocation"), code(STORIES), "Where stories are."),
                (code("qa.qaLocation"), code(QA), "Where QA keeps its files; gates are in `gates/` there."),
                (code("prd.prdShardedLocation"), code(PRD), "Where the backlog is, `sprint-backlog.md`."),
            ),
        ),
        "## The state file",
        "JSON, `.bmad-core/state/pipeline-state.json`. What is not signoff's in it is kept, byte for byte. Words are "
        "recognised by their letters, so that icons beside them, also broken ones, do not matter; `done` is taken for "
        "`complete` and `completed`.",
        table(("member", "words"), ((code(name), ", ".join(map(code, words))) for name, words in _WORDS.items())),
        "`checkpointData` is what a checkpoint shows. In the file of a run its `signoff` names the gate, "
        "`{workflowID, gateKey}`, and each entry of the history has what is known in `signoff`.",
        table(
            ("checkpoint", "choices"),
            (
                (code(kind.value), ", ".join(code(one.key) for one in ways if one.effect))
                for kind, ways in CHOICES.items()
            ),
        ),
        "### What the record cannot show",
        "`signoff story audit FILE --json` answers `{path, root, findings: [{code, message, story, at}]}`; `at` is the "
        "place in the history, from 0.",
        table(
            ("code", "meaning"),
            ((code(one), described(RECORD_FINDINGS, one, what="finding")) for one in sorted(record.CODES)),
        ),
        "## QA gate files",
        "YAML, one a review: `schema, story, gate, status_reason, reviewer, updated, top_issues, waiver` and more. Of "
        "several of one story the one with the newest `updated` holds.",
        table(
            ("member", "words"),
            (
                (code("gate"), ", ".join(map(code, qa_gate.GATES))),
                (code("top_issues[].severity"), ", ".join(map(code, qa_gate.SEVERITIES))),
                (code("nfr_validation.*.status"), ", ".join(map(code, qa_gate.NFR_STATUSES))),
            ),
        ),
        f"A risk score (`risk_summary.highest.score`, `top_issues[].risk_score`) of {qa_gate.FAIL_SCORE} or more, a "
        "high issue, or an NFR that is `FAIL`, means `FAIL`, unless it is waived; a score of "
        f"{qa_gate.CONCERNS_SCORE} or more, a medium issue, or an NFR with `CONCERNS`, means `CONCERNS`; nothing of "
        "this means `PASS`.",
        "`signoff story qa-check PATH... --json` answers `{files: [{path, status, findings: [{code, message, line?}]}],"
        " stories: [{story, gate, updated, path}]}`; `stories` has the gate that holds for each.",
        table(("code", "", "meaning"), map(_qa_row, sorted(qa_gate.ERRORS | qa_gate.WARNINGS))),
        "## What agents answer",
        "One JSON object. Paths begin in the repository. Without `changedFiles` none was changed.",
        *(f"{ROLES[role].capitalize()} (`{role}`):\n\n{fence(form, 'text')}" for role, form in FORMS.items()),
        _RECORDINGS,
    )


def _qa_row(name: str) -> tuple[str, str, str]:
    level = "error" if name in qa_gate.ERRORS else "warning"
    return code(name), level, described(QA_FINDINGS, name, what="finding")


_BACKLOG = """\
## The backlog

A Markdown file with a table under the heading "Current Sprint"; code blocks and comments are passed over. Columns are
known by the words of their headers: the story (`Story ID`, `ID`, `Story`, `Key`, `#`, of several the one in which ids
stand), its title, its `Pipeline` (else its `Status`), and what it depends on (`Depends on`, `Blocked by`). Ids are such
as `4.10`, `v4.5`, `STORY-4.5`, `E4-S5` and `AUTH-12`, also as the words of a link; one that stands there twice is
refused. A cell is known by its words: `backlog`, `drafting`, `validating`, `approved`, `implementing`, `fixing`,
`QA`, `awaiting commit`, `complete` or `done`. Moving a story changes the text of its Pipeline cell; every other byte
stays.

A story is started when everything that it depends on is complete, in any table of the backlog or in the state file."""
_RECORDINGS = """\
## Recordings

With `--agent replay` each JSON file of the folder `--replay-dir` is one answer:
`{story, agent, answer, files, number?}`. `files` has the text of every file that is written, by its path. `number` says
which time that this agent is asked for this story is meant, from 1, a fix being one more; without it, every time."""
