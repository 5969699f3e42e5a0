"""`signoff spec run` is killed, run again, and its ledger compared with that of a run which nothing disturbed.

These are the moments at which a spec does something that no other run does: its start, with and without an override,
its gates that a policy approves, and the work and the answers of one and the same command.
"""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from portrait import Portrait, take_portrait
from processes import Done, Place, until

from signoff.app import moments

REVIEW = """<!-- GATE_REVIEW_START -->
#### Gate Review Checklist

##### Quality
- [ ] It is complete

#### Approval Decision
- [ ] APPROVED
- [ ] REJECTED: ___
<!-- GATE_REVIEW_END -->
"""
SPEC = f"""---
tier: C
title: Write two files
owner: ada
goal: There are two files
---

## Plan

### Step 1: The first [G0: Plan Approval]

**Commands:**

```bash
echo first > first.txt
```

**Outputs:**

- `first.txt`

{REVIEW}
### Step 2: The second [G2: Pre-Release]

**Commands:**

```bash
echo second > second.txt
```

**Outputs:**

- `second.txt`
"""
WHOLE = ("spec", "run", "plan.md", "--answer", "approve", "--json")
FROM_STEP_2 = (*WHOLE, "--step", "2", "--override", "signed on paper")

#: What is told of a run to which nothing happens. A policy approves G0, a person G2; an override goes past both.
_ASKED = ["gate.opened", "gate.decided", "run.resumed"]
TRAILS = {
    WHOLE: [
        *("run.started", "run.advanced", "step.done", "step.done", *_ASKED),
        *("step.done", *_ASKED, "step.done", "step.done", "run.succeeded"),
    ],
    FROM_STEP_2: [
        *("run.started", *("gate.opened", "gate.overridden") * 2),
        *("run.advanced", "step.done", "step.done", "run.succeeded"),
    ],
}
DEATHS = [
    ("start_spec: before commit", WHOLE),
    ("start_spec: after commit", WHOLE),
    ("start_spec: before commit", FROM_STEP_2),
    ("start_spec: after commit", FROM_STEP_2),
    ("open_gate: before commit", WHOLE),
    ("open_gate: after commit", WHOLE),
    ("reply: before commit", WHOLE),
    ("reply: after commit", WHOLE),
    (moments.STEP_DONE, WHOLE),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Portrait]:
    return {words: _ended(_place(tmp_path_factory.mktemp("undisturbed")), words) for words in TRAILS}


@pytest.mark.parametrize(
    ("moment", "words"), DEATHS, ids=lambda part: part if isinstance(part, str) else f"{len(part)} words"
)
def test_a_spec_that_is_run_again_after_a_death_ends_as_if_it_had_not_happened(
    tmp_path: Path, undisturbed: dict[tuple[str, ...], Portrait], moment: str, words: tuple[str, ...]
) -> None:
    place = _place(tmp_path)
    died = replace(place, environ={"SIGNOFF_CRASH_AT": moment}).command(*words)
    assert died.code == -signal.SIGKILL, died
    assert place.count("SELECT COUNT(*) FROM app.runs") == (0 if moment == "start_spec: before commit" else 1)
    # A run that has begun is gone on with; whoever names a step begins another.
    has_begun = moment == "start_spec: after commit"
    assert _ended(place, WHOLE if has_begun else words) == undisturbed[words]
    assert place.count("SELECT COUNT(*) FROM app.runs") == 1


def test_undisturbed_specs_write_the_trail_that_is_expected_of_them(
    undisturbed: dict[tuple[str, ...], Portrait],
) -> None:
    assert {words: [row[1] for row in portrait["entries"]] for words, portrait in undisturbed.items()} == TRAILS


def _place(folder: Path) -> Place:
    (folder / "plan.md").write_text(SPEC)
    return Place(folder / ".signoff")


def _ended(place: Place, words: tuple[str, ...]) -> Portrait:
    """The portrait once nothing is left to be done, after the run that has been gone on with or begun."""
    done = place.command(*words)
    assert done.code == 0, done
    _relay(place, done)
    place.check()
    return take_portrait(place, done.document["workflowID"])


def _relay(place: Place, done: Done) -> None:
    """The command ends with its run; what then is left to be told is a worker's."""
    with place.start("worker"):
        until(lambda: _is_settled(take_portrait(place, done.document["workflowID"])), "everything to be relayed")


def _is_settled(portrait: Portrait) -> bool:
    is_relayed = all(row[-1] == "done" for row in portrait["outbox"])
    return is_relayed and all(row[1] in ("SUCCESS", "ERROR", "CANCELLED") for row in portrait["workflows"])
