"""`core-config.yaml`: where a project keeps its stories, QA gates and backlog. What else stands there is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.piece import Document, Piece, read_text
from signoff.documents.problem import Problem
from signoff.documents.yaml_text import read_yaml
from signoff.errors import DocumentError

STORIES, QA, PRD = "docs/stories", "docs/qa", "docs/prd"
BACKLOG_FILE = "sprint-backlog.md"


@dataclass(frozen=True)
class CoreConfig:
    """Folders in the repository, with slashes. `values` is all that the file says, for the agents."""

    stories: str = STORIES
    qa: str = QA
    prd: str = PRD
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def backlog(self) -> str:
        return f"{self.prd}/{BACKLOG_FILE}"

    @property
    def qa_gates(self) -> str:
        return f"{self.qa}/gates"


def read_core_config(text: str, *, path: str) -> CoreConfig:
    """What is not said is as BMAD has it.

    Raises:
        DocumentError: (`invalid-core-config`) it is no YAML mapping, or a folder is no text.
    """
    problems: list[Problem] = []
    file = Document(path, read_yaml(text, problems), problems)
    root = Piece({} if file.yaml.value is None else file.yaml.value, file)
    pieces = root.members()
    qa, prd = ({} if name not in pieces else pieces[name].members() for name in ("qa", "prd"))
    config = CoreConfig(
        stories=_folder(read_text(pieces, "devStoryLocation", STORIES)),
        qa=_folder(read_text(qa, "qaLocation", QA)),
        prd=_folder(read_text(prd, "prdShardedLocation", PRD)),
        values=file.yaml.value if isinstance(file.yaml.value, dict) else {},
    )
    if problems:
        first = min(problems)
        raise DocumentError(str(first), path=path, line=first.line, code="invalid-core-config")
    return config


def _folder(written: str) -> str:
    return written.strip("/").removeprefix("./") or "."
