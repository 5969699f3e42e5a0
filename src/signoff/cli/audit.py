"""`signoff audit`: read, prove and carry away the record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.audit_trail import (
    entries_of,
    exported,
    history_file,
    make_folders,
    trail,
    workflows_of,
    write_lines,
)
from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import counted, hint, moment, print_json, say
from signoff.cli.settings_flags import LEDGER
from signoff.cli.terminal import one_line, pad

if TYPE_CHECKING:
    from signoff.audit.verify import Report

_EVENT_WIDTH = len("intent.created")

_of_spec = click.option(
    "--spec",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Only the entries of this spec's runs: its Markdown or its compiled file.",
)


@click.group()
def audit() -> None:
    """Read, verify and export the audit trail."""


_LOG_EPILOG = """\b
Examples:
  signoff audit log
  signoff audit log --workflow it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q
  signoff audit log --spec plan.md
  signoff audit log --after 1200 --limit 100 --json
"""


@audit.command(epilog=_LOG_EPILOG)
@click.option("--workflow", metavar="WID", help="Only the entries of this run or workflow.")
@_of_spec
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only the entries after this one.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many entries; all without it.")
@takes_settings(*LEDGER)
def log(call: Call, workflow: str | None, spec: Path | None, after: int, limit: int | None) -> None:
    """What happened, in the order in which it was written."""
    workflows = workflows_of(call, workflow, _subject(workflow, spec))
    with call.backend() as backend:
        entries = islice(entries_of(backend, workflows, after), limit)
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

    with trail(call) if file is None else exported(file) as (entries, heads):
        report = verify(entries, heads, trusted_keys=trust or None)
    call.show(_report_document(report), lambda: _draw_report(report))
    return DONE if report.is_clean else FAILED


_EXPORT_EPILOG = """\b
Examples:
  signoff audit export > trail.jsonl
  signoff audit export --workflow it_01JD2Q8Z7W9X4V5B6N7M8K9P0Q --output trail.jsonl
  signoff audit export --spec docs/plan.md     to .signoff/history/docs/plan.jsonl
"""


@audit.command(epilog=_EXPORT_EPILOG)
@click.option("--workflow", metavar="WID", help="Only the chain of this run or workflow (without signed heads).")
@_of_spec
@click.option("--output", type=click.Path(path_type=Path), help="The file to write; standard output without it.")
@takes_settings(*LEDGER)
def export(call: Call, workflow: str | None, spec: Path | None, output: Path | None) -> None:
    """The trail as JSON Lines, which anybody can verify without this ledger.

    That of a spec goes to a file of its own in the ledger's directory, unless --output names another.
    """
    from signoff.audit.export import dump

    subject = _subject(workflow, spec)
    workflows = workflows_of(call, workflow, subject)
    if subject is not None and output is None:
        output = history_file(call.settings.dir, subject)
        make_folders(output.parent)
    with trail(call, workflows) as (entries, heads):
        lines = dump(entries, heads)
        if output is not None:
            count = write_lines(output, lines)
            call.show({"output": str(output), "lines": count}, lambda: hint(f"{count} lines written to {output}"))
        elif call.is_json:
            print_json(_export_document(lines))
        else:
            for line in lines:
                click.echo(line)


def _subject(workflow: str | None, spec: Path | None) -> str | None:
    """What the spec's runs are about; None without a spec."""
    if spec is None:
        return None
    if workflow is not None:
        raise click.UsageError("Say --workflow or --spec, not both.")
    from signoff.cli.gate.where import subject_of_spec

    return subject_of_spec(spec)


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
