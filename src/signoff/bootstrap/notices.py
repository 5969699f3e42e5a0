"""Whom a worker tells of gates, and how, as the notify file says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.bootstrap.world import policy_once
from signoff.clock import now_ms
from signoff.errors import DocumentError
from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.app.deliver_notice import Notices
    from signoff.app.world import World
    from signoff.notify.read import NotifyFile, Reach
    from signoff.notify.secrets import Secrets


def make_notices(settings: Settings, *, is_open: Callable[[], bool]) -> Notices | None:
    """Whom a worker tells of gates, and how; None where there is no notify file, and nobody is told.

    `is_open` says whether nobody has to sign in, so that webhooks on loopback may be called.

    Raises:
        NotifyFileError: with everything that is wrong in it. MissingProgramError: a channel needs an extra.
    """
    from signoff.notify.secrets import Secrets

    secrets = Secrets(os.environ)
    file = _open_notify_file(settings, secrets)
    if file is None:
        return None

    from random import SystemRandom

    from signoff.app.callback_url import check_callback_url
    from signoff.app.deliver_notice import Notices
    from signoff.notify.channels import make_channels

    channels = make_channels(
        file,
        secrets=secrets,
        public_url=settings.public_url,
        check_url=lambda url: check_callback_url(url, allow=settings.callbacks_allow, is_open=is_open()),
        clock=now_ms,
    )
    return Notices(file.routes, channels, file.attempts_max, SystemRandom().random, file.people)


def check_notices(settings: Settings, world: World | None) -> None:
    """Look whether all whom the notify file names can be told, by what the ledger knows now; None is that of nobody.

    Raises:
        NotifyFileError: also with the webhooks that no worker calls, and the roles that there are not. PolicyError.
    """
    from signoff.app.callback_url import is_callback_allowed
    from signoff.app.find_roles import find_roles
    from signoff.app.sign_in import is_open
    from signoff.notify.read import Reach
    from signoff.notify.secrets import Secrets

    is_all_open = world is None or is_open(world)
    roles = policy_once(settings)().roles if world is None else find_roles(world)
    allow = settings.callbacks_allow
    reach = Reach(roles, lambda url: is_callback_allowed(url, allow=allow, is_open=is_all_open))
    _open_notify_file(settings, Secrets(os.environ), reach)


def warn_of_dead_notices(settings: Settings, world: World) -> None:
    """A worker works all the same: people and tokens come and go, and everybody else is told."""
    import logging

    try:
        check_notices(settings, world)
    except DocumentError as error:
        for problem in error.message.splitlines():
            logging.getLogger("signoff").warning("%s", problem)


def routed_roles(settings: Settings) -> frozenset[str]:
    """Those that the routes of the notify file name.

    Raises:
        NotifyFileError.
    """
    from signoff.notify.secrets import Secrets

    file = _open_notify_file(settings, Secrets(os.environ))
    return frozenset() if file is None else frozenset(role for route in file.routes for role in route.roles)


def _open_notify_file(settings: Settings, secrets: Secrets, reach: Reach | None = None) -> NotifyFile | None:
    """None where there is none, and none is named."""
    path = settings.notify_file
    origin = next(source.origin for source in settings.sources if source.name == "notify_file")
    if origin == "default" and not path.exists():
        return None
    from signoff.notify.open_file import open_notify_file

    here = Path.cwd()
    called = path.relative_to(here) if path.is_relative_to(here) else path
    return open_notify_file(path, called=str(called), secrets=secrets, reach=reach)
