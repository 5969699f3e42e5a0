"""Specs to try things on."""

from __future__ import annotations

from typing import Any

import pytest

from signoff.errors import SpecError
from signoff.plans.spec.compile import compile_spec
from signoff.plans.spec.compiled import read_defaults
from signoff.plans.spec.model import Spec, SpecStep
from signoff.plans.spec.output_path import Leaves, stays
from signoff.plans.spec.parse import parse_spec

FRONT = "---\ntier: b\ntitle: Move the ledger\nowner: ada\ngoal: The ledger is on Postgres\n---\n"

REVIEW = """<!-- GATE_REVIEW_START -->
#### Gate Review Checklist

##### {category}
- [ ] {one}
- [x] {other}

#### Approval Decision
- [ ] {approved}
- [ ] APPROVED WITH CONDITIONS: ___
- [ ] REJECTED: ___
- [ ] DEFERRED: ___

**Approval Metadata:**
- Reviewer: ___
- Date: ___
- Rationale: ___
<!-- GATE_REVIEW_END -->
"""


def review(category: str, one: str, other: str, approved: str = "APPROVED") -> str:
    return REVIEW.format(category=category, one=one, other=other, approved=approved)


#: Five steps at the gates G0, G0, G1, G2 and G3, with four reviews.
LEDGER_MOVE = f"""---
version: "0.1"
tier: B
title: Move the ledger to Postgres
owner: ada
goal: Two machines can share one ledger
labels: [storage]
orchestrator_contract: "standard"
repo:
  working_branch: "feat/ledger-on-postgres"
---

# Move the ledger to Postgres

## Objective

> Two machines can share one ledger

## Acceptance Criteria

- [ ] Rows are the same on both sides, `count(*)` included
- [x] Latency ≤ 5 ms

## Context

### Background

> Describe the current state and why this work is needed now.

### Constraints

> Add specific constraints here

## Plan

### Step 1: Survey & Plan [G0: Plan Approval]

**Prompt:**

List the tables and what refers to them:
- sizes
- triggers

**Outputs:**

- `artifacts/plan/tables.md`
- `artifacts/plan/order.yaml`

{review("Survey", "Every table is listed", "The order is safe")}
### Step 2: Rehearsal [G0: Plan Approval]

**Prompt:**

Rehearse on a copy.

**Outputs:**

- `artifacts/rehearsal/report.md`

### Step 3: Copy [G1: Code Readiness]

**Prompt:**

Write the program that copies.

**Commands:**

```bash
ruff check .
pytest -q
```

**Outputs:**

- `artifacts/code/copy.py`

{review("Code", "It can be run twice", "It logs what it skips")}
### Step 4: Compare [G2: Pre-Release]

**Prompt:**

Compare both sides.

**Commands:**

```python
print("equal")
```

**Outputs:**

- `artifacts/test/compare.txt`

{review("Evidence", "No row differs", "The way back was tried")}
### Step 5: Switch [G3: Deployment Approval]

**Prompt:**

Switch over.

**Outputs:**

- `artifacts/deploy/log.md`

{review("Readiness", "Whoever is on duty knows", "The window is agreed", "APPROVED FOR DEPLOYMENT")}
## Models & Tools

**Tools:** bash, pytest

**Models:** (to be filled by defaults)

## Repository

**Branch:** `feat/ledger-on-postgres`

**Merge Strategy:** squash

**Block Paths:** `secrets/`, `.github/`
"""

DEFAULTS = read_defaults(
    "tier: B\nall_items: false\njustification: false\nowner_may_approve: true\ngates:\n"
    + "".join(f"  G{n}: {{mode: blocking, review: peer, roles: [developer], hours: 8}}\n" for n in range(5)),
    path="defaults",
)


def parsed(text: str, leaves: Leaves = stays) -> Spec:
    return parse_spec(text, path="plan.md", leaves=leaves)


def with_plan(plan: str, *, rest: str = "") -> str:
    return f"{FRONT}\n## Plan\n\n{plan}\n{rest}"


def step_of(body: str, heading: str = "### Step 1: Do it [G0: Plan Approval]") -> SpecStep:
    return parsed(with_plan(f"{heading}\n\n{body}\n")).steps[0]


def compiled(spec: Spec) -> dict[str, Any]:
    return compile_spec(spec, DEFAULTS, source_md_path="plan.md", source_md_sha256="0" * 64)


def problems_of(text: str, leaves: Leaves = stays) -> list[tuple[int, str]]:
    """Line and code of each."""
    with pytest.raises(SpecError) as caught:
        parsed(text, leaves)
    return [(problem["line"], problem["code"]) for problem in caught.value.details["problems"]]


def codes_of(text: str, leaves: Leaves = stays) -> list[str]:
    return [code for _, code in problems_of(text, leaves)]
