"""The decision: every part judged, and the tree that is to be released."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signoff.cli.release.commit import Tree, read_tree
from signoff.cli.release.judge import GO, NO_GO, Evidence, Judgement, Outcome, judge
from signoff.cli.release.part import PARTS, Part

SCHEMA_VERSION = 1
CHANGES_NAMED = 5


@dataclass(frozen=True)
class Decision:
    """`at` is in epoch milliseconds."""

    tree: Tree
    judgements: tuple[Judgement, ...]
    at: int
    tool: str

    @property
    def commit(self) -> str:
        return self.tree.commit

    @property
    def is_go(self) -> bool:
        return self.tree.is_clean and all(one.outcome is Outcome.PASSED for one in self.judgements)

    @property
    def word(self) -> str:
        return GO if self.is_go else NO_GO

    @property
    def reasons(self) -> list[str]:
        """Why not; empty where it is GO."""
        named = ", ".join(self.tree.changed[:CHANGES_NAMED])
        more = len(self.tree.changed) - CHANGES_NAMED
        changes = f"files are in no commit: {named}" + (f" and {more} more" if more > 0 else "")
        parts = [f"{one.part.name}: {one.outcome}: {reason}" for one in self.judgements for reason in one.reasons]
        return parts if self.tree.is_clean else [changes, *parts]

    def to_wire(self) -> dict[str, Any]:
        return {
            "schemaVersion": SCHEMA_VERSION,
            "decision": self.word,
            "commit": self.commit,
            "isClean": self.tree.is_clean,
            "at": self.at,
            "tool": self.tool,
            "reasons": self.reasons,
            "parts": [one.to_wire() for one in self.judgements],
        }

    def to_json(self) -> str:
        return json.dumps(self.to_wire(), indent=2) + "\n"


def make_decision(folder: Path, reports: Path, out: Path, *, now: int) -> Decision:
    """About the commit of `folder`, by what lies in `reports`; `out` is no change of the tree either.

    Raises:
        InvalidInputError: (`no-commit`). MissingProgramError, OperationError: git cannot say.
    """
    import signoff

    tree = read_tree(folder, besides=[reports, out])
    judgements = tuple(judge(part, _gather(reports, part), commit=tree.commit, now=now) for part in PARTS)
    return Decision(tree, judgements, now, f"signoff {signoff.__version__}")


def _gather(reports: Path, part: Part) -> Evidence:
    try:
        report = None if part.report_file is None else _bytes(reports / part.report_file)
        return Evidence(_bytes(reports / part.record_file), report)
    except OSError as error:
        return Evidence(None, unreadable=f"{error.filename}: {error.strerror}")


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
