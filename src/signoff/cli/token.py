"""`signoff token`: by which principals sign in at the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.instant import read_span
from signoff.cli.output import hint, moment, note, say
from signoff.cli.own_ledger import own_ledger
from signoff.cli.settings_flags import DATABASE
from signoff.cli.table import Column, print_table
from signoff.errors import DocumentError

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.gates.principal import Principal
    from signoff.gates.token import Token


@click.group()
def token() -> None:
    """Tokens, by which principals sign in at the server.

    For whoever runs the ledger: these commands work on its database, never through a server. From the first token on
    every caller of the server needs one.
    """


_CREATE_EPILOG = """\b
Examples:
  signoff token create ada --expires 30d
  (umask 077; signoff token create ci > ci.token)
"""


@token.command(epilog=_CREATE_EPILOG)
@click.argument("name")
@click.option("--expires", metavar="SPAN", help="When it ends by itself: 90s, 30m, 2h, 30d; never without it.")
@acts
@takes_settings(*DATABASE)
def create(call: Call, name: str, expires: str | None) -> None:
    """Print a new token of a principal. It is shown this once: what is stored is its hash."""
    from signoff.app.create_token import create_token
    from signoff.app.sign_in import is_open

    expires_s = None if expires is None else read_span("--expires", expires)
    with own_ledger(call) as world:
        was_open = is_open(world)
        made, text = create_token(world, name=name, expires_s=expires_s, actor=call.actor)
        shut = _webhooks_shut(call, world) if was_open else []
    document = {"id": made.id, "name": name, "token": text, "expiresAt": made.expires_at}
    call.show(document, lambda: _draw_new(made, text))
    if was_open:
        note("It is the first token: open mode ends, and from now on every caller of the server needs one.")
    for problem in shut:
        note(f"{problem['path']}:{problem['line']}: found {problem['found']}; expected {problem['expected']}.")


_LIST_EPILOG = """\b
Examples:
  signoff token list
  signoff token list --json | jq -r '.items[] | select(.state == "valid") | .id'
"""


@token.command("list", epilog=_LIST_EPILOG)
@takes_settings(*DATABASE)
def list_tokens(call: Call) -> None:
    """Every token that was ever issued, by its id."""
    from signoff.app.find_principals import find_tokens

    with own_ledger(call) as world:
        found, now = find_tokens(world), world.clock()
    document = {"items": [_document(one, holder, now) for one, holder in found]}
    call.show(document, lambda: _draw(document["items"]))


_REVOKE_EPILOG = """\b
Examples:
  signoff token revoke tk_01JD2Q8Z7W9X4V5B6N7M8K9P0Q
"""


@token.command(epilog=_REVOKE_EPILOG)
@click.argument("token_id", metavar="ID")
@acts
@takes_settings(*DATABASE)
def revoke(call: Call, token_id: str) -> None:
    """End a token: the next call that it signs is refused."""
    from signoff.app.revoke_token import revoke_token

    with own_ledger(call) as world:
        revoked = revoke_token(world, token_id=token_id, actor=call.actor)
    call.show({"id": revoked.id, "revokedAt": revoked.revoked_at}, lambda: say(f"{revoked.id} is revoked"))


def _webhooks_shut(call: Call, world: World) -> list[dict[str, Any]]:
    """The targets of notices that no worker calls from now on, as problems of the notify file."""
    from signoff.bootstrap.notices import check_notices

    try:
        check_notices(call.settings, world)
    except DocumentError as error:
        return [one for one in error.details.get("problems", ()) if one["code"] == "callback-not-allowed"]
    return []


def _document(one: Token, holder: Principal, now: int) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": holder.name,
        "createdAt": one.created_at,
        "expiresAt": one.expires_at,
        "revokedAt": one.revoked_at,
        "state": one.state(now),
    }


def _draw_new(made: Token, text: str) -> None:
    """The token alone on standard output, so that it can be sent to a file."""
    click.echo(text)
    ends = "never expires" if made.expires_at is None else f"expires {moment(made.expires_at)}"
    note(f"{made.id}, {ends}. It is not shown again; give it to SIGNOFF_TOKEN, or to a file named by token_file.")


def _draw(items: Sequence[dict[str, Any]]) -> None:
    if not items:
        hint("No token was issued: the server is open, on loopback only. Issue one with: signoff token create NAME")
        return
    columns = [Column("ID"), Column("PRINCIPAL", is_elastic=True), *map(Column, ("CREATED", "EXPIRES", "STATE"))]
    print_table(columns, [_row(one) for one in items])


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    expires = "never" if one["expiresAt"] is None else moment(one["expiresAt"])
    return one["id"], one["name"], moment(one["createdAt"]), expires, one["state"]
