"""What is found in missions, and every code under which it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]

ERROR: Literal["error"] = "error"
WARNING: Literal["warning"] = "warning"

# The log and what is made from it.
EVENT_LINE_MALFORMED = "EVENT_LINE_MALFORMED"
EVENT_ID_REUSED = "EVENT_ID_REUSED"
ILLEGAL_UNFORCED_EDGE = "ILLEGAL_UNFORCED_EDGE"
FROM_LANE_DISCONTINUITY = "FROM_LANE_DISCONTINUITY"
STATUS_SNAPSHOT_DRIFT = "STATUS_SNAPSHOT_DRIFT"
# The files beside it.
MISSION_FILE_UNREADABLE = "MISSION_FILE_UNREADABLE"
MISSION_METADATA_INVALID = "MISSION_METADATA_INVALID"
LANES_FILE_INVALID = "LANES_FILE_INVALID"
WORK_PACKAGE_METADATA_INVALID = "WORK_PACKAGE_METADATA_INVALID"
WORK_PACKAGE_KEYS_UNKNOWN = "WORK_PACKAGE_KEYS_UNKNOWN"
WORK_PACKAGE_UNTRACKED = "WORK_PACKAGE_UNTRACKED"
# Reviews.
REVIEW_ARTIFACT_SCHEMA_INVALID = "REVIEW_ARTIFACT_SCHEMA_INVALID"
REVIEW_CYCLE_NUMBERING_GAP = "REVIEW_CYCLE_NUMBERING_GAP"
REVIEW_CYCLE_BODY_REPEATED = "REVIEW_CYCLE_BODY_REPEATED"
REJECTED_REVIEW_ARTIFACT_CONFLICT = "REJECTED_REVIEW_ARTIFACT_CONFLICT"
REVIEW_PROMPT_METADATA_MISMATCH = "REVIEW_PROMPT_METADATA_MISMATCH"
REVIEW_PROMPT_METADATA_MISSING = "REVIEW_PROMPT_METADATA_MISSING"
REVIEW_NOT_RECORDED = "REVIEW_NOT_RECORDED"
REVIEW_OVERRIDE_REFUSED = "REVIEW_OVERRIDE_REFUSED"
REVIEW_GATE_LEFT_OPEN = "REVIEW_GATE_LEFT_OPEN"
APPROVAL_WITHOUT_DECISION = "APPROVAL_WITHOUT_DECISION"
APPROVAL_FORCED = "APPROVAL_FORCED"
# Who may commit what.
ACTIVE_WP_SCOPE_VIOLATION = "ACTIVE_WP_SCOPE_VIOLATION"
ACTIVE_WP_CONTEXT_MISSING = "ACTIVE_WP_CONTEXT_MISSING"
ACTIVE_WP_CONTEXT_AMBIGUOUS = "ACTIVE_WP_CONTEXT_AMBIGUOUS"
ACTIVE_WP_CONTEXT_STALE = "ACTIVE_WP_CONTEXT_STALE"
ACTIVE_WP_METADATA_MISSING = "ACTIVE_WP_METADATA_MISSING"
ACTIVE_WP_METADATA_INVALID = "ACTIVE_WP_METADATA_INVALID"
WORK_PACKAGE_SCOPE_VIOLATION = "WORK_PACKAGE_SCOPE_VIOLATION"
MISSION_FILES_CHANGED_BY_HAND = "MISSION_FILES_CHANGED_BY_HAND"
GUARD_NOT_RUN = "GUARD_NOT_RUN"
# Merge and ship.
TARGET_BRANCH_NOT_SYNCHRONIZED = "TARGET_BRANCH_NOT_SYNCHRONIZED"
WORK_PACKAGE_NOT_ACCEPTED = "WORK_PACKAGE_NOT_ACCEPTED"
LANE_BRANCH_MISSING = "LANE_BRANCH_MISSING"
LANE_CHANGED_SINCE_REVIEW = "LANE_CHANGED_SINCE_REVIEW"
MISSION_BRANCH_NOT_REVIEWED = "MISSION_BRANCH_NOT_REVIEWED"
MISSION_NOT_MERGED = "MISSION_NOT_MERGED"
MERGE_CONFLICT = "MERGE_CONFLICT"
TARGET_BRANCH_NOT_MOVED = "TARGET_BRANCH_NOT_MOVED"
PUSH_REFUSED = "PUSH_REFUSED"
# The log as a file that several processes write.
STATUS_LOG_NOT_WRITABLE = "STATUS_LOG_NOT_WRITABLE"
STATUS_LOG_FULL = "STATUS_LOG_FULL"
STATUS_LOG_LOCKED = "STATUS_LOG_LOCKED"
STATUS_LOG_REPLACED = "STATUS_LOG_REPLACED"
STATUS_LOG_TORN = "STATUS_LOG_TORN"
STATUS_EVENT_NOT_READ_BACK = "STATUS_EVENT_NOT_READ_BACK"
STATUS_SNAPSHOT_NOT_WRITABLE = "STATUS_SNAPSHOT_NOT_WRITABLE"
STATUS_LANE_NOT_REACHED = "STATUS_LANE_NOT_REACHED"
# Who works on what.
CLAIM_HELD = "CLAIM_HELD"
CLAIM_PROCESS_GONE = "CLAIM_PROCESS_GONE"
# Sync.
SYNC_TARGET_UNREACHABLE = "SYNC_TARGET_UNREACHABLE"
SYNC_TARGET_SLOW = "SYNC_TARGET_SLOW"
SYNC_TARGET_REFUSED = "SYNC_TARGET_REFUSED"
SYNC_ANSWER_NOT_UNDERSTOOD = "SYNC_ANSWER_NOT_UNDERSTOOD"
SYNC_RECORD_NOT_KEPT = "SYNC_RECORD_NOT_KEPT"
SYNC_EVENTS_UNSENT = "SYNC_EVENTS_UNSENT"
# Moves.
TRANSITION_EDGE_ILLEGAL = "TRANSITION_EDGE_ILLEGAL"
TRANSITION_GUARD_NOT_MET = "TRANSITION_GUARD_NOT_MET"
TRANSITION_FORCE_UNEXPLAINED = "TRANSITION_FORCE_UNEXPLAINED"

#: Every code in one line; the reference is printed from it.
CODES: Mapping[str, str] = {
    EVENT_LINE_MALFORMED: "A line of the log is no event: torn, no JSON object, or without what an event needs.",
    EVENT_ID_REUSED: "Two different events have one id; the first of them counts.",
    ILLEGAL_UNFORCED_EDGE: "An event moved a package where the table has no edge, and was not forced.",
    FROM_LANE_DISCONTINUITY: "An event says that it came from another lane than the one that the package was in.",
    STATUS_SNAPSHOT_DRIFT: "status.json is missing, cannot be read, or says something else than the events.",
    MISSION_FILE_UNREADABLE: "A file is too large, no text, no plain file, or a link that leads out of the mission.",
    MISSION_METADATA_INVALID: "meta.json is missing, is no JSON object, or a member of it cannot be taken.",
    LANES_FILE_INVALID: "lanes.json is no JSON object, a member of it cannot be taken, or two lanes have one package.",
    WORK_PACKAGE_METADATA_INVALID: "The front matter of a work package cannot be read, or a key of it be taken.",
    WORK_PACKAGE_KEYS_UNKNOWN: "The front matter of a work package has keys that nobody knows; they are kept.",
    WORK_PACKAGE_UNTRACKED: "A work package has a file, and neither a lane nor an event: nobody is waiting for it.",
    REVIEW_ARTIFACT_SCHEMA_INVALID: "A review cycle has no front matter, or it lacks a key, or one cannot be taken.",
    REVIEW_CYCLE_NUMBERING_GAP: "A number is missing among the review cycles of a package.",
    REVIEW_CYCLE_BODY_REPEATED: "Two successive review cycles say the same.",
    REJECTED_REVIEW_ARTIFACT_CONFLICT: "A package is approved or done, and its newest review rejects it.",
    REVIEW_PROMPT_METADATA_MISMATCH: "A review's prompt is for something else than the review that was asked for.",
    REVIEW_PROMPT_METADATA_MISSING: "A review's prompt is not there, or does not say what it is for.",
    REVIEW_NOT_RECORDED: "A review was decided, and its cycle file cannot be written; nothing moved.",
    REVIEW_OVERRIDE_REFUSED: "The newest review of a package does not reject it, was overridden already, or whoever "
    "asks had a part in the work.",
    REVIEW_GATE_LEFT_OPEN: "The gate of a review is open, and its package was moved on past it.",
    APPROVAL_WITHOUT_DECISION: "A package is approved or done, and no gate of the ledger has decided that.",
    APPROVAL_FORCED: "A package is approved or done past its review: somebody forced it, and said why.",
    ACTIVE_WP_SCOPE_VIOLATION: "A commit touches files that the active work package does not own.",
    ACTIVE_WP_CONTEXT_MISSING: "No work package of the lane is being worked on or reviewed.",
    ACTIVE_WP_CONTEXT_AMBIGUOUS: "Several work packages of the lane are being worked on or reviewed.",
    ACTIVE_WP_CONTEXT_STALE: "The worktree is for another package than the active one, is off its lane's branch, or "
    "its lane is gone.",
    ACTIVE_WP_METADATA_MISSING: "The active work package has no file.",
    ACTIVE_WP_METADATA_INVALID: "The active work package's file does not say which files it owns.",
    WORK_PACKAGE_SCOPE_VIOLATION: "Commits of a package that went past the guard changed files that it does not own.",
    MISSION_FILES_CHANGED_BY_HAND: "A commit in a lane changes the mission's own record, which only commands write.",
    GUARD_NOT_RUN: "The guard is installed, and git looks for hooks somewhere else, or another hook is in its place.",
    TARGET_BRANCH_NOT_SYNCHRONIZED: "The target branch is behind its tracking branch, has diverged, or is not there.",
    STATUS_LOG_NOT_WRITABLE: "The log cannot be opened for writing: it is read-only, or something else than a file.",
    STATUS_LOG_FULL: "There is no room for the event: the disk, a quota or a limit is reached.",
    STATUS_LOG_LOCKED: "Another process is writing to the log, and did not end in time.",
    STATUS_LOG_REPLACED: "Another file came to stand in the log's place while the event was written.",
    STATUS_LOG_TORN: "The log's last line was cut off in a crash; the next write keeps the piece aside.",
    STATUS_EVENT_NOT_READ_BACK: "What the log holds after the event was written is not the event.",
    STATUS_SNAPSHOT_NOT_WRITABLE: "status.json cannot be written beside the log.",
    STATUS_LANE_NOT_REACHED: "With the event, the log adds up to another lane than the one that was asked for.",
    CLAIM_HELD: "Whoever claimed the package is still at work, or that cannot be told from here.",
    CLAIM_PROCESS_GONE: "The process that claimed the package has ended, and the package waits in its lane.",
    SYNC_TARGET_UNREACHABLE: "Nobody answers at sync.url. The events are kept, and sent later.",
    SYNC_TARGET_SLOW: "sync.url did not answer in time. The events are kept, and sent later.",
    SYNC_TARGET_REFUSED: "sync.url refused the events. They are kept, and sent later.",
    SYNC_ANSWER_NOT_UNDERSTOOD: "What answers at sync.url is no receiver of events. They are kept, and sent later.",
    SYNC_RECORD_NOT_KEPT: "Which events were sent cannot be noted or read here; they may be sent again.",
    SYNC_EVENTS_UNSENT: "Events wait to be sent to sync.url.",
    WORK_PACKAGE_NOT_ACCEPTED: "A package is neither approved nor done nor canceled: its mission is not finished.",
    LANE_BRANCH_MISSING: "The branch of a lane is not there, and packages of it were worked on in a worktree.",
    LANE_CHANGED_SINCE_REVIEW: "A lane has commits that none of its reviews has seen.",
    MISSION_BRANCH_NOT_REVIEWED: "The mission's own branch has commits, or gets one, that no review sees.",
    MISSION_NOT_MERGED: "The target branch has not taken in every lane of the mission.",
    MERGE_CONFLICT: "Two branches change the same lines; the target branch is as it was.",
    TARGET_BRANCH_NOT_MOVED: "Everything is merged, and the target branch could not be brought there.",
    PUSH_REFUSED: "The remote did not take the branch; what was done here stands.",
    TRANSITION_EDGE_ILLEGAL: "The table has no edge between the two lanes.",
    TRANSITION_GUARD_NOT_MET: "There is such an edge, and what it asks for is not there.",
    TRANSITION_FORCE_UNEXPLAINED: "A forced move names nobody who forced it, or gives no reason.",
}

#: How much `validate` makes of what it finds: warnings let a mission pass.
SEVERITIES: Mapping[str, Severity] = {
    EVENT_LINE_MALFORMED: ERROR,
    EVENT_ID_REUSED: WARNING,
    ILLEGAL_UNFORCED_EDGE: WARNING,
    FROM_LANE_DISCONTINUITY: WARNING,
    STATUS_SNAPSHOT_DRIFT: ERROR,
    MISSION_FILE_UNREADABLE: ERROR,
    MISSION_METADATA_INVALID: ERROR,
    LANES_FILE_INVALID: ERROR,
    WORK_PACKAGE_METADATA_INVALID: ERROR,
    WORK_PACKAGE_KEYS_UNKNOWN: WARNING,
    WORK_PACKAGE_UNTRACKED: WARNING,
    REVIEW_ARTIFACT_SCHEMA_INVALID: ERROR,
    REVIEW_CYCLE_NUMBERING_GAP: WARNING,
    REVIEW_CYCLE_BODY_REPEATED: WARNING,
    REJECTED_REVIEW_ARTIFACT_CONFLICT: ERROR,
}

#: What a transition promises, by the id that a failed one names.
INVARIANTS: Mapping[str, str] = {
    "STA-001": "A transition that is reported has its event in the log of the primary checkout.",
    "STA-002": "The event was read back from the log before the transition was reported.",
    "STA-003": "A transition that failed moved nothing, and names the package, the lane asked for, and the log.",
    "STA-004": "A package whose claim was interrupted is found, and can be taken over.",
    "STA-005": "A transition follows an edge of the table and meets its guards, or is forced by somebody who says why.",
    "STA-006": "The lane that the events add up to is the one that was asked for.",
}


@dataclass(frozen=True)
class Finding:
    """`details` are further members, each of a JSON value; of one in a file `path` (in the mission's folder) and,
    where one can be named, `line` (from 1)."""

    diagnostic_code: str
    severity: Severity
    message: str
    work_package_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        return self.severity == ERROR

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"diagnostic_code": self.diagnostic_code, "severity": self.severity}
        if self.work_package_id is not None:
            wire["work_package_id"] = self.work_package_id
        return {**wire, "message": self.message, **self.details}
