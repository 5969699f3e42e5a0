"""A run: one walk of one stored plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    ENQUEUED = "ENQUEUED"
    PENDING = "PENDING"
    WAITING_INPUT = "WAITING_INPUT"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


FINISHED = frozenset({Status.SUCCESS, Status.ERROR, Status.CANCELLED})

#: What its people should do next; a waiting gate's node names its own.
NOTHING, REPAIR = "NONE", "REPAIR"


@dataclass(frozen=True)
class Run:
    """As the ledger has it. `door` is what opened it (intent, spec, story, mission), `subject` what it is about there
    (the spec's path, the story's id); `plan` is the stored wire form."""

    id: str
    workflow_id: str
    intent_id: str | None
    door: str
    recipe: str
    plan: Mapping[str, Any]
    plan_digest: str
    created_at: int
    updated_at: int
    status: Status = Status.ENQUEUED
    node: str | None = None
    last_step: str | None = None
    next_action: str = NOTHING
    error: str | None = None
    retry_count: int = 0
    queue_partition_key: str | None = None
    requested_by: str | None = None
    subject: str | None = None
    finished_at: int | None = None

    @property
    def attempt(self) -> int:
        return self.retry_count + 1

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED
