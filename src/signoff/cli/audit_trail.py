"""Where entries come from and go to: a ledger or a server, and files."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from heapq import merge
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.cli.call import Call
from signoff.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from signoff.audit.entry import Entry
    from signoff.audit.head import Head
    from signoff.sdk.backend import Backend

_ROWS_AT_ONCE = 500
_HISTORY = "history"


@contextmanager
def trail(call: Call, workflows: Collection[str] | None = None) -> Iterator[tuple[Iterable[Entry], list[Head]]]:
    """The entries and heads of the ledger, or of the server (which hands out its newest head alone).

    The chains of some workflows go without heads: those vouch for the whole ledger.
    """
    if call.settings.url is not None:
        from signoff.audit.entry import entry_from_wire

        with call.backend() as backend:
            # The head first, so that it covers no entry that is not read after it.
            heads = _newest_head(backend) if workflows is None else []
            yield (entry_from_wire(entry) for entry in entries_of(backend, workflows)), heads
        return
    from signoff.bootstrap.world import open_world

    with open_world(call.settings, creates=False) as world, world.ledger.read() as tx:
        entries = (entry for entry in tx.audit.all_entries() if workflows is None or entry.workflow_id in workflows)
        yield entries, tx.audit.heads() if workflows is None else []


@contextmanager
def exported(file: Path) -> Iterator[tuple[Iterable[Entry], list[Head]]]:
    from signoff.audit.export import load

    try:
        with file.open(encoding="utf-8") as lines:
            yield load(lines, path=str(file))
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}.", code="unreadable-file") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file} is not an audit export: it is not UTF-8.", code="unreadable-file") from None


def workflows_of(call: Call, workflow: str | None, subject: str | None) -> list[str] | None:
    """The workflows that are meant, None for all: one by its id, or the runs of a spec.

    Raises:
        NotFoundError: (`run-not-found`) the spec was never run.
    """
    if subject is None:
        return None if workflow is None else [workflow]
    from signoff.cli.gate.where import newest_run, runs_about

    with call.backend() as backend:
        newest_run(backend, subject)
        return [run["workflowID"] for run in runs_about(backend, subject)]


def entries_of(backend: Backend, workflows: Collection[str] | None, after: int = 0) -> Iterator[dict[str, Any]]:
    """In the order of their seq."""
    if workflows is None:
        return _entries(backend, None, after)
    return merge(*(_entries(backend, one, after) for one in workflows), key=lambda entry: entry["seq"])


def history_file(directory: Path, subject: str) -> Path:
    """Where the history of a spec is kept; a path from the top of the file system is kept from there."""
    return directory / _HISTORY / f"{subject.lstrip('/').removesuffix('.md')}.jsonl"


def make_folders(path: Path) -> None:
    """For the owner alone, as the ledger's directory is; those that are there stay as they are."""
    try:
        for folder in reversed([one for one in (path, *path.parents) if not one.exists()]):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be made: {error.strerror}.", code="unwritable-file") from None


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """All of it or nothing: half a trail would look like one that lost its end."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        with draft.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(line + "\n")
                count += 1
        draft.replace(path)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}.", code="unwritable-file") from None
    finally:
        draft.unlink(missing_ok=True)
    return count


def _newest_head(backend: Backend) -> list[Head]:
    from signoff.audit.head import head_from_wire

    try:
        return [head_from_wire(backend.head())]
    except NotFoundError:
        return []


def _entries(backend: Backend, workflow: str | None, after: int) -> Iterator[dict[str, Any]]:
    while True:
        page = backend.entries(workflow, after, _ROWS_AT_ONCE)
        yield from page["items"]
        if page["nextCursor"] is None:
            return
        after = int(page["nextCursor"])
