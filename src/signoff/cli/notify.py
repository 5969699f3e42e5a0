"""`signoff notify`: whom signoff tells of gates, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import counted, hint, moment, say
from signoff.cli.own_ledger import own_ledger
from signoff.cli.settings_flags import DATABASE
from signoff.cli.table import Column, print_table
from signoff.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from signoff.app.deliver_notice import Notices


@click.group()
def notify() -> None:
    """Whom signoff tells of gates.

    Who is told of what stands in notify.yaml; workers send it. These commands work on the ledger's database, never
    through a server.
    """


_CHECK_EPILOG = """\b
Examples:
  signoff notify check
  signoff notify check --notify-file ops/notify.yaml --json
"""


@notify.command(epilog=_CHECK_EPILOG)
@takes_settings(*DATABASE, "notify_file", "public_url", "policy_dir", "callbacks_allow")
def check(call: Call) -> None:
    """Check the notify file: whatever is wrong with it, or with its templates, is named with its line, all at once.

    What would never reach anybody is wrong too: a variable that has no value here, a webhook that callbacks.allow does
    not let through (nor open mode, on loopback), a role that neither the policy nor a principal has.
    """
    _check_reach(call)
    found = _notices(call, is_open=True)
    routes = [
        {
            "events": list(route.events),
            "riskLevels": list(route.risk_levels),
            "roles": list(route.roles),
            "doors": list(route.doors),
            "to": [{"channel": target.channel, "target": target.name} for target in route.targets],
        }
        for route in found.routes
    ]
    document = {"valid": True, "channels": sorted(found.channels), "routes": routes, "attempts": found.attempts_max}
    told = f"{counted(len(found.channels), 'channel')}, {counted(len(routes), 'route')}"
    call.show(document, lambda: say(f"ok: {told}."))


_TEST_EPILOG = """\b
Examples:
  signoff notify test mail                     to everybody whom a route tells by it
  signoff notify test slack --to "#approvals"
"""


@notify.command("test", epilog=_TEST_EPILOG)
@click.argument("channel", metavar="CHANNEL")
@click.option("--to", "to", multiple=True, metavar="TARGET", help="Only to this target (repeatable).")
@takes_settings(*DATABASE, "notify_file", "public_url", "callbacks_allow")
def send_test(call: Call, channel: str, to: Sequence[str]) -> int:
    """Send a sample now, without a try later, and report for each target. Exit 1 if one was not reached."""
    from signoff.app.sign_in import is_open
    from signoff.cli.logs import set_up_logging

    with own_ledger(call, creates=True) as world:
        set_up_logging(call.settings.log_format)
        notices = _notices(call, is_open=is_open(world))
        if channel not in notices.channels:
            known = ", ".join(sorted(notices.channels)) or "none"
            raise NotFoundError(f"There is no channel {channel[:80]}; there are: {known}.", code="channel-not-found")
        results = [_try(notices, channel, target) for target in to or _targets(notices, channel)]
    if not results:
        raise InvalidInputError(f"No route tells anybody by {channel}; name a target with --to.", code="no-target")
    call.show({"items": results}, lambda: _draw_results(results))
    return DONE if all(result["ok"] for result in results) else FAILED


_LIST_EPILOG = """\b
Examples:
  signoff notify list
  signoff notify list --failed                 what was given up, and why
  signoff notify list --json | jq '.items[] | select(.attempts > 1)'
"""


@notify.command("list", epilog=_LIST_EPILOG)
@click.option("--failed", is_flag=True, help="Only what was given up.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="At most so many.")
@click.option("--cursor", help="Where to go on: what the page before said.")
@takes_settings(*DATABASE)
def list_deliveries(call: Call, failed: bool, limit: int, cursor: str | None) -> None:
    """Deliveries, newest first: whom a notice went to, or is to go to."""
    from signoff.app.find import find_deliveries

    with own_ledger(call) as world:
        page = find_deliveries(world, state="given-up" if failed else None, limit=limit, cursor=cursor)
    document = {"items": [_document(row) for row in page.items], "nextCursor": page.next_cursor}
    call.show(document, lambda: _draw_list(call, document, failed))


_RETRY_EPILOG = """\b
Examples:
  signoff notify retry nd_0f3a9c1d2e4b50617788990011223344
  signoff notify retry --all
"""


@notify.command(epilog=_RETRY_EPILOG)
@click.argument("delivery_id", metavar="[ID]", required=False)
@click.option("--all", "is_all", is_flag=True, help="Everything that was given up.")
@takes_settings(*DATABASE)
def retry(call: Call, delivery_id: str | None, is_all: bool) -> None:
    """Have what was given up tried again, as if for the first time. Receivers drop it if they got it after all."""
    from signoff.app.retry_delivery import retry_deliveries, retry_delivery

    if (delivery_id is None) is not is_all:
        raise click.UsageError("Name a delivery by its id, or all of them by --all.")
    with own_ledger(call) as world:
        if delivery_id is None:
            retried = retry_deliveries(world)
        else:
            retry_delivery(world, delivery_id)
            retried = [delivery_id]
    call.show(
        {"retried": retried}, lambda: say(f"{counted(len(retried), 'delivery', 'deliveries')} to be tried again.")
    )


def _check_reach(call: Call) -> None:
    """By what the ledger knows; one that was not made yet knows nobody, one that cannot be reached is an error."""
    from signoff.bootstrap.database import PRIVATE_POSTGRES
    from signoff.bootstrap.notices import check_notices

    with ExitStack() as stack:
        try:
            world = stack.enter_context(own_ledger(call))
        except NotFoundError:
            if (call.settings.dir / PRIVATE_POSTGRES).exists():
                raise
            world = None
        check_notices(call.settings, world)


def _notices(call: Call, *, is_open: bool) -> Notices:
    from signoff.bootstrap.notices import make_notices

    found = make_notices(call.settings, is_open=lambda: is_open)
    if found is None:
        path = call.settings.notify_file
        raise NotFoundError(f"There is no {path}: nobody is told of gates.", code="no-notify-file")
    return found


def _targets(notices: Notices, channel: str) -> list[str]:
    named = [target.name for route in notices.routes for target in route.targets if target.channel == channel]
    return list(dict.fromkeys(named))


def _try(notices: Notices, channel: str, target: str) -> dict[str, Any]:
    from signoff.clock import new_ulid, now_ms
    from signoff.errors import DeliveryError
    from signoff.notify.sample import sample_notice

    notice = sample_notice(f"nd_{new_ulid().lower()}", now=now_ms())
    try:
        notices.channels[channel].send(notice, target, ())
    except DeliveryError as error:
        return {"target": target, "ok": False, "error": error.message}
    return {"target": target, "ok": True, "error": None}


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "state": row["state"],
        "event": row["event"],
        "workflowID": row["workflow_id"],
        "gateKey": row["gate_key"],
        "channel": row["channel"],
        "target": row["target"],
        "attempts": row["attempts"],
        "nextAt": row["next_at"] if row["state"] == "pending" else None,
        "sentAt": row["sent_at"],
        "lastError": row["last_error"],
        "createdAt": row["created_at"],
    }


def _draw_results(results: Sequence[Mapping[str, Any]]) -> None:
    for result in results:
        told = f"sent to {result['target']}" if result["ok"] else f"{result['target']}: {result['error']}"
        say(told, fg="green" if result["ok"] else "red")


def _draw_list(call: Call, document: Mapping[str, Any], failed: bool) -> None:
    items = document["items"]
    if not items:
        say("Nothing was given up." if failed else "Nobody was told of anything yet.")
        return
    names = ("CREATED", "STATE", "EVENT", "GATE", "CHANNEL", "TARGET", "TRIES")
    columns = [Column(name, is_number=name == "TRIES") for name in names]
    print_table(
        [*columns, Column("ID" if not failed else "ID, LAST ERROR", is_elastic=True)],
        [_row(one, failed) for one in items],
    )
    if document["nextCursor"] is not None:
        hint(f"There are more: --cursor {document['nextCursor']}")
    if any(one["state"] == "given-up" for one in items):
        hint(f"Have them tried again: {call.again('notify', 'retry', '--all')}")


def _row(one: Mapping[str, Any], failed: bool) -> tuple[str, ...]:
    told = f"{one['id']}: {one['lastError']}" if failed else one["id"]
    told_of = (moment(one["createdAt"]), one["state"], one["event"], one["gateKey"], one["channel"], one["target"])
    return (*told_of, str(one["attempts"]), told)
