"""`signoff audit`: read, prove and carry away the record."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import counted, hint, moment, print_json, say
from signoff.cli.settings_flags import LEDGER
from signoff.cli.terminal import one_line, pad
from signoff.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from signoff.audit.entry import Entry
    from signoff.audit.head import Head
    from signoff.audit.verify import Report
    from signoff.sdk.backend import Backend

_ROWS_AT_ONCE = 500
_EVENT_WIDTH = len("intent.created")


@click.group()
def audit() -> None:
    """Read, verify and export the audit trail."""


_LOG_EPILOG = """\b
Examples:
  signoff audit log
  signoff audit log --workflow it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q
  signoff audit log --after 1200 --limit 100 --json
"""


@audit.command(epilog=_LOG_EPILOG)
@click.option("--workflow", metavar="WID", help="Only the entries of this run or workflow.")
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only the entries after this one.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many entries; all without it.")
@takes_settings(*LEDGER)
def log(call: Call, workflow: str | None, after: int, limit: int | None) -> None:
    """What happened, in the order in which it was written."""
    with call.backend() as backend:
        entries = islice(_entries(backend, workflow, after), limit)
        if call.is_json:
            print_json({"items": list(entries)})
            return
        for entry in entries:
            say(_log_line(entry))


_VERIFY_EPILOG = """\b
Examples:
  signoff audit verify                     the ledger
  signoff audit verify trail.jsonl         an export, on any machine
  signoff audit verify trail.jsonl --trust ed25519:6f1d...
"""


@audit.command("verify", epilog=_VERIFY_EPILOG)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--trust", multiple=True, metavar="KEY_ID", help="Believe heads signed by this key only (repeatable).")
@takes_settings(*LEDGER)
def verify_trail(call: Call, file: Path | None, trust: tuple[str, ...]) -> int:
    """Prove that nothing was changed, removed or put in: of the ledger, or of an export.

    Every bad entry is named by its seq; the exit code is then 1.
    """
    from signoff.audit.verify import verify

    with _trail(call) if file is None else _exported(file) as (entries, heads):
        report = verify(entries, heads, trusted_keys=trust or None)
    call.show(_report_document(report), lambda: _draw_report(report))
    return DONE if report.is_clean else FAILED


_EXPORT_EPILOG = """\b
Examples:
  signoff audit export > trail.jsonl
  signoff audit export --workflow it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q --output trail.jsonl
"""


@audit.command(epilog=_EXPORT_EPILOG)
@click.option("--workflow", metavar="WID", help="Only the chain of this run or workflow (without signed heads).")
@click.option("--output", type=click.Path(path_type=Path), help="The file to write; standard output without it.")
@takes_settings(*LEDGER)
def export(call: Call, workflow: str | None, output: Path | None) -> None:
    """The trail as JSON Lines, which anybody can verify without this ledger."""
    from signoff.audit.export import dump

    with _trail(call, workflow) as (entries, heads):
        lines = dump(entries, heads)
        if output is not None:
            count = _write(output, lines)
            call.show({"output": str(output), "lines": count}, lambda: hint(f"{count} lines written to {output}"))
        elif call.is_json:
            print_json(_export_document(lines))
        else:
            for line in lines:
                click.echo(line)


@contextmanager
def _trail(call: Call, workflow: str | None = None) -> Iterator[tuple[Iterable[Entry], list[Head]]]:
    """The entries and heads of the ledger, or of the server (which hands out its newest head alone).

    One workflow's chain goes without heads: they vouch for the whole ledger.
    """
    if call.settings.url is not None:
        from signoff.audit.entry import entry_from_wire

        with call.backend() as backend:
            # The head first, so that it covers no entry that is not read after it.
            heads = [] if workflow else _newest_head(backend)
            yield (entry_from_wire(entry) for entry in _entries(backend, workflow, 0)), heads
        return
    from signoff.bootstrap import open_world

    with open_world(call.settings, creates=False) as world, world.ledger.read() as tx:
        entries = (entry for entry in tx.all_entries() if workflow in (None, entry.workflow_id))
        yield entries, [] if workflow else tx.heads()


@contextmanager
def _exported(file: Path) -> Iterator[tuple[Iterable[Entry], list[Head]]]:
    from signoff.audit.export import load

    try:
        with file.open(encoding="utf-8") as lines:
            yield load(lines, path=str(file))
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}.", code="unreadable-file") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file} is not an audit export: it is not UTF-8.", code="unreadable-file") from None


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


def _log_line(entry: Mapping[str, Any]) -> str:
    body = entry["body"] if isinstance(entry["body"], dict) else {}
    told = [str(body[name]) for name in ("choice", "rationale", "title", "goal", "step", "error") if body.get(name)]
    words = one_line(": ".join([str(entry["actor"]), *told[:2]]))
    event = pad(one_line(str(entry["event"])), _EVENT_WIDTH)
    where = one_line(f"{entry['workflowId']} {entry['gateKey'] or '-'}")
    return f"{entry['seq']:>6}  {moment(entry['at'])}  {event}  {where}  {words}"


def _report_document(report: Report) -> dict[str, Any]:
    from signoff.audit.head import to_wire

    return {
        "ok": report.is_clean,
        "entries": report.entries,
        "workflows": report.workflows,
        "heads": report.heads,
        "newestHead": None if report.newest_head is None else to_wire(report.newest_head),
        "uncovered": report.uncovered,
        "findings": [
            {"seq": one.seq, "workflowId": one.workflow_id, "code": one.code, "message": one.message}
            for one in report.findings
        ],
    }


def _draw_report(report: Report) -> None:
    for one in report.findings:
        where = "head" if one.seq is None else f"seq {one.seq}"
        say(f"{where}  {one.code}  {one_line(one.workflow_id or '-')}  {one.message}", fg="red")
    size = ", ".join(
        [
            f"{counted(report.entries, 'entry', 'entries')} of {counted(report.workflows, 'workflow')}",
            counted(report.heads, "signed head"),
        ]
    )
    covered = f"{report.uncovered} entries after the newest head are chained, not yet signed"
    if report.is_clean:
        say(f"ok: {size}" + (f"; {covered}" if report.uncovered else ""), fg="green")
    else:
        say(f"NOT ok: {counted(len(report.findings), 'finding')} in {size}", fg="red")


def _export_document(lines: Iterable[str]) -> dict[str, Any]:
    header, *rest = (json.loads(line) for line in lines)
    return {
        **header,
        "entries": [row for row in rest if row["kind"] == "entry"],
        "heads": [row for row in rest if row["kind"] == "head"],
    }


def _write(path: Path, lines: Iterable[str]) -> int:
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
