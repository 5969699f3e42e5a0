"""Deliver a notice: one try to tell one target of one event of a gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from signoff.app.find import the_gate
from signoff.app.make_link import make_link
from signoff.app.moments import DELIVERED, reach
from signoff.app.notify_gate import ASKING
from signoff.app.route_notice import Route, Target
from signoff.app.sign_in import is_open
from signoff.app.spans import happened, is_traced, span
from signoff.app.world import World
from signoff.errors import DeliveryError, InvalidInputError, NotFoundError, SignoffError
from signoff.gates.gate import Gate

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.app.ports.ledger import Deliveries

BACKOFF_MS, BACKOFF_MS_MAX = 1_000, 900_000
ERROR_CHARS_MAX = 2_000


@dataclass(frozen=True)
class Notice:
    """An event of a gate, as it is to be told, and when it was routed. `gate` is as it is now, which may be later:
    whoever is told late is told the truth. `delivery_id` is the same at every try. `link_secret` is that of a one-time
    link, where one person is asked who is known by name."""

    delivery_id: str
    event: str
    at: int
    gate: Gate
    link_secret: str | None = field(default=None, repr=False)


class Channel(Protocol):
    """A way to reach people."""

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        """Tell one target, within a minute or so; what names the message from then on, where something does.

        Args:
            earlier: what names the messages that this target got before about the same gate, in their order.

        Raises:
            DeliveryError: it did not get through; a part of it may have. It never says a secret.
        """
        ...


@dataclass(frozen=True)
class Notices:
    """What a worker needs to tell people: `jitter` gives numbers from 0 up to 1, at random; `people` says which targets
    are one principal's alone."""

    routes: Sequence[Route]
    channels: Mapping[str, Channel]
    attempts_max: int
    jitter: Callable[[], float]
    people: Mapping[Target, str] = field(default_factory=dict)


def deliver_notice(world: World, deliveries: Deliveries, notices: Notices, row: Row) -> None:
    """One try, recorded where it succeeds.

    Raises:
        DeliveryError: it did not get through, and is to be recorded as a failure.
    """
    channel = notices.channels.get(row["channel"])
    if channel is None:
        raise DeliveryError(f"The notify file has no channel {row['channel']}.")
    with world.ledger.read() as tx:
        gate = the_gate(tx, row["workflow_id"], row["gate_key"])
        earlier = tx.remote_refs(row)
        trace = tx.notice_trace(row["outbox_id"]) if is_traced() else None
    name = notices.people.get(Target(row["channel"], row["target"]))
    secret = None if name is None or row["event"] not in ASKING else _link_for(world, gate, name)
    notice = Notice(row["id"], row["event"], row["created_at"], gate, secret)
    with span("notice", parent=trace, channel=row["channel"], event=row["event"]):
        remote_ref = channel.send(notice, row["target"], earlier)
    reach(DELIVERED)
    deliveries.finish_delivery(row["id"], remote_ref=remote_ref, now=world.clock())


def _link_for(world: World, gate: Gate, name: str) -> str | None:
    """A link made at this try; None where it would be worth nothing, and the message has to do without."""
    if is_open(world):
        return None
    try:
        return make_link(world, workflow_id=gate.workflow_id, gate_key=gate.gate_key, name=name)[1]
    except (NotFoundError, InvalidInputError):
        return None


def record_failure(world: World, deliveries: Deliveries, notices: Notices, row: Row, error: Exception) -> None:
    """To be tried again later; given up after the last try."""
    next_at = None
    if row["attempts"] < notices.attempts_max:
        next_at = world.clock() + _wait_ms(error, row["attempts"], notices.jitter())
    else:
        happened("given up", channel=row["channel"])
    # What nobody foresaw may quote anything, a secret too: of that the kind alone is kept.
    why = error.message if isinstance(error, SignoffError) else f"it broke ({type(error).__name__}); see the log"
    deliveries.fail_delivery(row["id"], error=why[:ERROR_CHARS_MAX], next_at=next_at)


def backoff_ms(attempts: int, jitter: float) -> int:
    """How long to wait after so many tries: twice as long each time up to a bound, and then between half and all of it,
    so that what failed together does not come again together."""
    longest = min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** min(attempts - 1, 20))
    return int(longest * (1 + jitter) / 2)


def _wait_ms(error: Exception, attempts: int, jitter: float) -> int:
    asked_s = error.retry_after_s if isinstance(error, DeliveryError) else None
    return max(backoff_ms(attempts, jitter), min(BACKOFF_MS_MAX, (asked_s or 0) * 1000))
