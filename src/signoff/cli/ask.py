"""`signoff ask`: a question in a shell script or CI job, and its answer as an exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.failure import DONE, FAILED, INTERRUPTED, WAITING, receipt_line
from signoff.cli.output import note, say, time_left
from signoff.cli.question import TIMEOUT, WORKFLOW_ID, Question, read_question
from signoff.cli.settings_flags import LEDGER
from signoff.cli.terminal import is_attended, one_line
from signoff.errors import ConflictError
from signoff.gates.prompt import APPROVE

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend, Wire

#: How often the progress line says how much time is left.
LOOK_S = 1.0
#: What is read of a body at most: more than a gate takes, so that what is cut off here is refused there.
BODY_BYTES_MAX = 4 * 1024 * 1024

_CLEAR_LINE = "\r\x1b[2K"

_EPILOG = """\b
Examples:
  signoff ask "Deploy 1.4 to production?" --timeout 30m && ./deploy.sh
  signoff ask "Which one?" --choice blue="Take blue" --choice stop="Take none" --json
  signoff ask "Release?" --body notes.md --evidence report.xml --need release:2 --workflow release-1.4
  git diff | signoff ask "Apply this?" --body - --no-wait

Exit codes: 0 the first choice, 1 another one or nobody in time, 2 bad input, 3 still open (--no-wait),
4 the same workflow and key ask something else, 130 interrupted (the question stays open).
"""


@click.command(epilog=_EPILOG)
@click.argument("title")
@click.option("--body", metavar="FILE|-", type=click.File("rb"), help="More to read, as Markdown; - is standard input.")
@click.option("--workflow", default=WORKFLOW_ID, show_default=True, metavar="ID", help="What this is asked for.")
@click.option("--key", metavar="GATE_KEY", help="Names the question; made from all that is asked otherwise.")
@click.option("--choice", "choices", multiple=True, metavar="KEY=LABEL", help="The first goes on, the others refuse.")
@click.option("--need", "needs", multiple=True, metavar="ROLE[,ROLE]:COUNT", help="Whose approvals it takes.")
@click.option(
    "--evidence",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that the answer rests on; its hash is recorded.",
)
@click.option("--timeout", default=TIMEOUT, show_default=True, help="When it ends unanswered: 90s, 30m, 2h, 1d.")
@click.option("--no-wait", "is_left", is_flag=True, help="Ask and leave; ask again for the answer.")
@click.option("--here", "is_here", is_flag=True, help="Ask whoever sits at this terminal.")
@acts
@takes_settings(*LEDGER)
def ask(call: Call, title: str, *, workflow: str, key: str | None, is_left: bool, is_here: bool, **asked: Any) -> int:
    """Ask people, wait, and end by their answer.

    Asking the same again finds the question that is open, or its answer: after a crash, simply ask again. An answer
    counts until the question's own time is over (--timeout after it was asked); from then on the same words ask afresh,
    unless --key names the question.
    """
    if is_here and (call.is_json or not is_attended()):
        raise click.UsageError("--here asks somebody at a terminal: it needs one, and cannot be used with --json.")
    body = asked.pop("body")
    text = None if body is None else body.read(BODY_BYTES_MAX)
    question = read_question(title, body=text, requested_by=call.actor, **asked)
    with call.backend(creates=True) as backend:
        view = _open(backend, question, workflow, key)
        is_earlier = view.pop("isReplay") and view["state"] != "PENDING"
        if is_earlier:
            note(f"Ended before: {receipt_line(view['receipt'])}. Another --workflow asks afresh.")
        try:
            view = _settle(call, backend, view, is_here=is_here, is_left=is_left)
        except KeyboardInterrupt:
            note("The question stays open. Ask the same again to go on waiting, or to get the answer.")
            return INTERRUPTED
    call.show({**view, "isEarlier": is_earlier}, lambda: _draw(view))
    return _exit_code(view, question)


def _open(backend: Backend, question: Question, workflow: str, key: str | None) -> Wire:
    """The question as it stands; where it ended and its time is over, the same words asked once more."""
    for round_ in count(1):
        view = _open_one(backend, question.to_wire(workflow, key or question.key_of_round(round_)))
        if key is not None or view["state"] == "PENDING" or backend.now() < view["deadlineAt"]:
            break
    return view


def _open_one(backend: Backend, body: Mapping[str, Any]) -> Wire:
    try:
        return backend.open_gate(body)
    except ConflictError as error:
        if error.code == "gate-exists":
            note("The same --workflow and --key were used for another question; change one of them to ask this one.")
        raise


def _settle(call: Call, backend: Backend, view: Wire, *, is_here: bool, is_left: bool) -> Wire:
    """The gate as it stands when there is nothing more to wait for here."""
    if view["state"] == "PENDING" and is_here:
        view = _ask_here(call, backend, view)
    if view["state"] == "PENDING":
        _say_where(call, view)
        if not is_left:
            view = _wait(backend, view)
    return view


def _ask_here(call: Call, backend: Backend, view: Wire) -> Wire:
    from signoff.cli.console.asking import ask_at_console
    from signoff.cli.gate.text import draw_gate

    draw_gate(view, [], [], backend.now())
    # Behind a token the server knows who it is.
    ask_at_console(backend, view, actor=None if call.settings.token else call.actor)
    return backend.gate(view["workflowID"], view["gateKey"])


def _say_where(call: Call, view: Mapping[str, Any]) -> None:
    note(f"Waiting for a person: {one_line(view['prompt']['title'])}")
    for command in answers(call, view):
        note(f"  {command}")
    if call.settings.url is not None:
        from signoff.settings import mask_url

        note(f"  or at {mask_url(call.settings.url)}")


def answers(call: Call, view: Mapping[str, Any]) -> list[str]:
    """The exact command for every choice."""
    choices = view["prompt"]["choices"]
    commands = []
    for choice in choices:
        verb = "approve" if choice["effect"] == APPROVE else "reject"
        is_only = sum(other["effect"] == choice["effect"] for other in choices) == 1
        named = [] if is_only else ["--choice", choice["key"]]
        commands.append(call.again("gate", verb, view["workflowID"], view["gateKey"], *named))
    return commands


def _wait(backend: Backend, view: Wire) -> Wire:
    from signoff.sdk.wait import wait_until_final

    if not sys.stderr.isatty():
        return wait_until_final(backend, view)
    try:
        return wait_until_final(backend, view, look_s=LOOK_S, on_look=lambda seen: _show_progress(seen, backend.now()))
    finally:
        _write(_CLEAR_LINE)


def _show_progress(view: Mapping[str, Any], now: int) -> None:
    _write(f"{_CLEAR_LINE}  {time_left(view['deadlineAt'] - now)} left, Ctrl-C leaves it open")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _draw(view: Mapping[str, Any]) -> None:
    receipt = view.get("receipt")
    if receipt is None:
        say(f"{view['workflowID']} {view['gateKey']} is {view['state']}")
        return
    say(receipt_line(receipt), bold=True)
    for name, value in (("workflow", "workflowID"), ("gate", "gateKey"), ("prompt", "promptDigest")):
        say(f"  {name:<9}{receipt[value]}")


def _exit_code(view: Mapping[str, Any], question: Question) -> int:
    if view["state"] == "PENDING":
        return WAITING
    is_first = view["state"] == "RECEIVED" and view["receipt"]["decision"] == question.choices[0]
    return DONE if is_first else FAILED
