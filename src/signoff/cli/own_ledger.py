"""The ledger at hand, for commands that are for whoever runs it: never a server's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from signoff.cli.call import Call
from signoff.errors import InvalidInputError
from signoff.gates.name import check_actor_name

if TYPE_CHECKING:
    from signoff.app.world import World


@contextmanager
def own_ledger(call: Call, *, creates: bool = False, migrates: bool = False) -> Iterator[World]:
    """
    Raises:
        InvalidInputError: (`not-over-url`) a server is set; its ledger is not the one at hand. (`invalid-actor`).
    """
    check_own(call)
    from signoff.bootstrap.world import open_world

    with open_world(call.settings, creates=creates, migrates=migrates) as world:
        yield world


def check_own(call: Call) -> None:
    """
    Raises:
        InvalidInputError: as `own_ledger`.
    """
    check_actor_name(call.actor)
    if call.settings.url is not None:
        raise InvalidInputError(
            "This is for those who run the ledger itself. Unset SIGNOFF_URL, and name the server's ledger with --dir "
            "or --database-url.",
            code="not-over-url",
        )
