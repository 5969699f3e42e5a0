"""How a command that could not do its work says so, and with which exit code.

0 done, 1 failed or refused, 2 bad input (also: not found), 3 waiting for a person, 4 somebody else decided otherwise,
130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import click

from signoff.cli.output import moment, note, print_json
from signoff.cli.terminal import one_line
from signoff.errors import ConflictError, DiagnosticError, DocumentError, InvalidInputError, NotFoundError, SignoffError

DONE, FAILED, BAD_INPUT, WAITING, CONFLICT, INTERRUPTED = 0, 1, 2, 3, 4, 130

UNJUSTIFIED = "justification-required"

_ADVICE = {
    "not-signed-in": "Set SIGNOFF_TOKEN, or name a file that holds the token with token_file.",
    UNJUSTIFIED: "Add --rationale TEXT.",
    "evidence-missing": "Reject it, make what is missing, then: signoff run retry",
    "items-required": "Tick them with --item ID (repeatable) or --all-items.",
    "prompt-changed": "Read it again with: signoff gate show",
    "ambiguous-gate-key": "Put the workflow's id before the key.",
    "dedupe-conflict": "Another --dedupe-key makes it another answer.",
}


def exit_code_of(error: SignoffError) -> int:
    if isinstance(error, ConflictError):
        return CONFLICT
    return BAD_INPUT if isinstance(error, InvalidInputError | NotFoundError | DocumentError) else FAILED


@contextmanager
def advising(code: str, text: str) -> Iterator[None]:
    """What to do about a refusal with this code, in the words of the command that meets it."""
    try:
        yield
    except SignoffError as error:
        if error.code == code:
            error.add_note(text)
        raise


def report_error(error: SignoffError, *, is_json: bool) -> int:
    """Say it, as JSON on stdout or in words on stderr; the exit code."""
    receipt = error.receipt if isinstance(error, ConflictError) else None
    if is_json and isinstance(error, DiagnosticError):
        print_json({"error": error.message, "code": error.code, **error.to_wire()})
        return exit_code_of(error)
    if is_json:
        print_json(_document(error.message, error.code, error.details, receipt))
        return exit_code_of(error)
    note(f"Error: {error.message}")
    if receipt is not None:
        note(receipt_line(receipt))
    if isinstance(error, DiagnosticError):
        note(error.remediation)
    for advice in _advice(error):
        note(advice)
    return exit_code_of(error)


def _advice(error: SignoffError) -> list[str]:
    if own := getattr(error, "__notes__", None):
        return list(own)
    # No token lets somebody in who was shut out.
    return [_ADVICE[error.code]] if error.code in _ADVICE and error.details.get("reason") != "disabled" else []


def report_usage(error: click.ClickException, *, is_json: bool) -> int:
    if is_json and not isinstance(error, click.exceptions.NoArgsIsHelpError):
        print_json(_document(error.format_message(), "usage", {}, None))
    else:
        error.show()
    return BAD_INPUT if isinstance(error, click.UsageError | click.BadParameter) else FAILED


def receipt_line(receipt: Mapping[str, Any]) -> str:
    """Who decided what, when."""
    said = receipt["decision"] or receipt["state"]
    role = f" as {receipt['role']}" if receipt.get("role") else ""
    return one_line(f"{said} by {receipt['actor']}{role}, {moment(receipt['at'])}")


def install_last_resort(*, is_json: bool) -> None:
    """One sentence instead of a traceback for what nobody foresaw; Python then ends with exit code 1."""

    def report(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if os.environ.get("SIGNOFF_DEBUG"):
            sys.__excepthook__(kind, error, traceback)
            return
        sentence = f"signoff has a defect: {kind.__name__}: {error}."
        if is_json:
            print_json(_document(sentence, "internal-error", {}, None))
        note(f"{sentence} Run it again with SIGNOFF_DEBUG=1 for the traceback.")

    sys.excepthook = report


def _document(
    sentence: str, code: str, details: Mapping[str, Any], receipt: Mapping[str, Any] | None
) -> dict[str, Any]:
    document: dict[str, Any] = {"error": sentence, "code": code, "details": dict(details)}
    return document if receipt is None else {**document, "receipt": dict(receipt)}
