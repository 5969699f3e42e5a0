"""Named queries out of `.sql` files: `-- name: gate` starts one, `:workflow_id` is a parameter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_SQL = Path(__file__).parent / "sql"
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)\b")


def load_queries(dialect: str) -> Mapping[str, str]:
    """All queries of one dialect (`sqlite` or `postgres`), in the parameter style of its driver."""
    queries = {**read_queries("queries.sql"), **read_queries(f"{dialect}.sql")}
    if dialect == "sqlite":
        return queries
    return {name: _PARAMETER.sub(r"%(\1)s", text.replace("%", "%%")) for name, text in queries.items()}


def read_queries(file_name: str) -> dict[str, str]:
    """The queries of one file by name, as they stand there."""
    text = (_SQL / file_name).read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    return {name: _without_comments(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _without_comments(body: str) -> str:
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip().removesuffix(";")
