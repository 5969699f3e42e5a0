"""The channels of a notify file, ready to send."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.deliver_notice import Channel, Notice
from signoff.errors import DeliveryError, SignoffError
from signoff.notify.read import ChannelSpec, NotifyFile
from signoff.notify.secrets import Secrets
from signoff.notify.texts import Texts
from signoff.notify.words import Words

if TYPE_CHECKING:
    from signoff.app.ports import Clock

CheckUrl = Callable[[str], object]


@dataclass(frozen=True)
class Surroundings:
    """What the channels of a file have in common."""

    words: Words
    secrets: Secrets
    check_url: CheckUrl
    clock: Clock


def make_channels(
    file: NotifyFile, *, secrets: Secrets, public_url: str | None, check_url: CheckUrl, clock: Clock
) -> dict[str, Channel]:
    """
    Raises:
        MissingProgramError: a channel needs an extra that is not installed.
    """
    around = Surroundings(Words(Texts(file.templates), public_url), secrets, check_url, clock)
    return {name: _Discreet(_make(spec, around), secrets) for name, spec in file.channels.items()}


class _Discreet:
    """A channel whose targets are looked up, and whose errors say no secret."""

    def __init__(self, channel: Channel, secrets: Secrets) -> None:
        self._channel = channel
        self._secrets = secrets

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        if missing := self._secrets.missing(target):
            raise DeliveryError(f"{', '.join(missing)} has no value in the environment of this worker.")
        try:
            return self._channel.send(notice, self._secrets.reveal(target), earlier)
        except DeliveryError as error:
            said = self._secrets.hide(error.message)
            raise DeliveryError(said, retry_after_s=error.retry_after_s) from None
        except SignoffError as error:
            raise DeliveryError(self._secrets.hide(error.message)) from None


def _make(spec: ChannelSpec, around: Surroundings) -> Channel:
    values = {name: around.secrets.reveal(text) for name, text in spec.values.items()}
    return _BY_KIND[spec.kind](values, around)


def _console(values: Mapping[str, str], around: Surroundings) -> Channel:
    from signoff.notify.console import ConsoleChannel

    return ConsoleChannel(around.words)


def _email(values: Mapping[str, str], around: Surroundings) -> Channel:
    from signoff.notify.email import EmailChannel, MailServer

    server = MailServer(values["host"], int(values["port"]), values["tls"], values["username"], values["password"])
    return EmailChannel(around.words, server, sender=values["from"])


def _slack(values: Mapping[str, str], around: Surroundings) -> Channel:
    from signoff.notify.slack import SlackChannel

    return SlackChannel(around.words, token=values["token"], api_url=values["api_url"])


def _linear(values: Mapping[str, str], around: Surroundings) -> Channel:
    from signoff.notify.linear import LinearChannel

    return LinearChannel(around.words, token=values["token"], api_url=values["api_url"])


def _webhook(values: Mapping[str, str], around: Surroundings) -> Channel:
    from signoff.notify.webhook import WebhookChannel

    return WebhookChannel(
        secret=values["secret"].encode(),
        check_url=around.check_url,
        public_url=around.words.public_url,
        clock=around.clock,
    )


def _apprise(values: Mapping[str, str], around: Surroundings) -> Channel:
    from signoff.notify.apprise import AppriseChannel

    return AppriseChannel(around.words)


_BY_KIND: Mapping[str, Callable[[Mapping[str, str], Surroundings], Channel]] = {
    "console": _console,
    "email": _email,
    "slack": _slack,
    "linear": _linear,
    "webhook": _webhook,
    "apprise": _apprise,
}
