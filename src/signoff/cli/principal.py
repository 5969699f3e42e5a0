"""`signoff principal`: who is known, in which roles, and who acts for whom."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.instant import read_until
from signoff.cli.output import hint, moment, note, say
from signoff.cli.own_ledger import own_ledger
from signoff.cli.settings_flags import DATABASE
from signoff.cli.table import Column, print_table
from signoff.errors import DocumentError

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.gates.principal import Delegation, Principal


@click.group()
def principal() -> None:
    """People and services by name, with their roles.

    For whoever runs the ledger: these commands work on its database, never through a server. Once there is a principal,
    a name that is none has no role.
    """


_ADD_EPILOG = """\b
Examples:
  signoff principal add ada --role team_lead --role security_team
  signoff principal add ci --service
"""


@principal.command(epilog=_ADD_EPILOG)
@click.argument("name")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role that they hold (repeatable).")
@click.option("--service", "is_service", is_flag=True, help="A program, not a person.")
@acts
@takes_settings(*DATABASE)
def add(call: Call, name: str, roles: tuple[str, ...], is_service: bool) -> None:
    """Add a person, or a service. The ledger is made where there is none."""
    from signoff.app.add_principal import add_principal

    with own_ledger(call, creates=True) as world:
        added = add_principal(world, name=name, roles=roles, is_service=is_service, actor=call.actor)
        unasked = _unasked(call, world, roles)
    call.show(_document(added), lambda: say(f"{added.kind} {added.name} added as {_roles(added)}"))
    _note_unasked(unasked)


_LIST_EPILOG = """\b
Examples:
  signoff principal list
  signoff principal list --json | jq -r '.items[] | select(.disabledAt == null) | .name'
"""


@principal.command("list", epilog=_LIST_EPILOG)
@takes_settings(*DATABASE)
def list_principals(call: Call) -> None:
    """Everybody who is known, and the delegations that hold now."""
    from signoff.app.find_principals import find_principals

    with own_ledger(call) as world:
        found, delegations = find_principals(world)
    names = {one.id: one.name for one in found}
    document = {
        "items": [_document(one) for one in found],
        "delegations": [_delegation(one, names) for one in delegations],
    }
    call.show(document, lambda: _draw(found, document["delegations"]))


_DISABLE_EPILOG = """\b
Examples:
  signoff principal disable ada
"""


@principal.command(epilog=_DISABLE_EPILOG)
@click.argument("name")
@acts
@takes_settings(*DATABASE)
def disable(call: Call, name: str) -> None:
    """Shut somebody out: at once their tokens, their answers and what they delegated count no longer."""
    from signoff.app.disable_principal import disable_principal

    with own_ledger(call) as world:
        disabled = disable_principal(world, name=name, actor=call.actor)
    call.show(_document(disabled), lambda: say(f"{disabled.name} is disabled"))


_CHANGE_EPILOG = """\b
Examples:
  signoff principal change ada --role team_lead --role cto      these, and no others from now on
  signoff principal change ada --no-role
  signoff principal change ada --enable
"""


@principal.command(epilog=_CHANGE_EPILOG)
@click.argument("name")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role that they hold from now on (repeatable).")
@click.option("--no-role", "has_no_role", is_flag=True, help="They hold no role from now on.")
@click.option("--enable", "enables", is_flag=True, help="Let in again who was disabled.")
@acts
@takes_settings(*DATABASE)
def change(call: Call, name: str, roles: tuple[str, ...], has_no_role: bool, enables: bool) -> None:
    """Change somebody's roles, or let them in again. It counts with their next call.

    The roles that are named take the place of all that they held.
    """
    from signoff.app.change_principal import change_principal

    if roles and has_no_role:
        raise click.UsageError("Name roles, or --no-role, but not both.")
    if not (roles or has_no_role or enables):
        raise click.UsageError("Say what to change: --role, --no-role or --enable.")
    given = roles if roles or has_no_role else None
    with own_ledger(call) as world:
        changed = change_principal(world, name=name, roles=given, enables=enables, actor=call.actor)
        unasked = _unasked(call, world, roles)
    is_shut_out = "" if changed.disabled_at is None else " (still disabled)"
    call.show(_document(changed), lambda: say(f"{changed.name} is {_roles(changed)}{is_shut_out}"))
    _note_unasked(unasked)


_DELEGATE_EPILOG = """\b
Examples:
  signoff principal delegate ada grace --until 3d
  signoff principal delegate ada grace --until 2026-12-01T18:00+01:00
  signoff principal delegate ada grace --until 1s       ends it early
"""


@principal.command("delegate", epilog=_DELEGATE_EPILOG)
@click.argument("from_name", metavar="FROM")
@click.argument("to_name", metavar="TO")
@click.option("--until", required=True, metavar="T", help="A span (3d), a date (its first moment) or an instant.")
@acts
@takes_settings(*DATABASE)
def delegate_roles(call: Call, from_name: str, to_name: str, until: str) -> None:
    """Let TO act in the roles of FROM for a time.

    TO answers under their own name and counts once; the record says for whom. What was delegated is not passed on. A
    delegation takes the place of the one before it.
    """
    from signoff.app.delegate import delegate

    with own_ledger(call) as world:
        until_at = read_until("--until", until, now=world.clock())
        made = delegate(world, from_name=from_name, to_name=to_name, until_at=until_at, actor=call.actor)
    document = _delegation(made, {made.from_principal: from_name, made.to_principal: to_name})
    call.show(document, lambda: say(f"{to_name} acts for {from_name} until {moment(made.until_at)}"))


def _unasked(call: Call, world: World, roles: tuple[str, ...]) -> list[str]:
    """Those that nothing names, as far as that can be told: a file that cannot be read is for others to report."""
    from signoff.app.find_roles import find_unasked_roles
    from signoff.bootstrap.notices import routed_roles

    unasked: list[str] = []
    with suppress(DocumentError):
        unasked = find_unasked_roles(world, roles) if roles else []
        routed = routed_roles(call.settings) if unasked else frozenset()
        unasked = [role for role in unasked if role not in routed]
    return unasked


def _note_unasked(roles: Sequence[str]) -> None:
    for role in roles:
        note(f"Nobody is asked in the role {role}: neither the policy nor an open gate names it.")


def _document(principal: Principal) -> dict[str, Any]:
    return {
        "id": principal.id,
        "name": principal.name,
        "kind": principal.kind,
        "roles": sorted(principal.roles),
        "disabledAt": principal.disabled_at,
    }


def _delegation(delegation: Delegation, names: dict[str, str]) -> dict[str, Any]:
    return {
        "from": names[delegation.from_principal],
        "to": names[delegation.to_principal],
        "untilAt": delegation.until_at,
    }


def _draw(found: Sequence[Principal], delegations: Sequence[dict[str, Any]]) -> None:
    if not found:
        hint("Nobody is known yet: every name holds every role. Begin with: signoff principal add NAME --role ROLE")
        return
    columns = [Column("NAME", is_elastic=True), Column("KIND"), Column("ROLES", is_elastic=True), Column("STATE")]
    rows = [(one.name, one.kind, _roles(one), "enabled" if one.disabled_at is None else "disabled") for one in found]
    print_table(columns, rows)
    for one in delegations:
        say(f"{one['to']} acts for {one['from']} until {moment(one['untilAt'])}")


def _roles(principal: Principal) -> str:
    return ", ".join(sorted(principal.roles)) or "no role"
