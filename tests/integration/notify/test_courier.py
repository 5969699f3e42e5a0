"""The courier with real threads and a real ledger: who hangs holds up nobody else, and whoever is left to others is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ledger_databases import dump, migrated_database
from processes import until
from use_case_worlds import make_world, open_one

from signoff.app.deliver_notice import Channel, Notice, Notices
from signoff.app.route_notice import Route, Target, route_notices
from signoff.app.world import World
from signoff.clock import now_ms
from signoff.engine.courier import AT_ONCE, Courier
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger


@dataclass
class Gated:
    """A channel whose messages to some targets hang until they are let go."""

    hanging: frozenset[str] = frozenset()
    let_go: threading.Event = field(default_factory=threading.Event)
    told: list[tuple[str, str]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        if target in self.hanging:
            self.held.append(target)
            assert self.let_go.wait(60)
        self.told.append((target, notice.delivery_id))
        return None


class Broken:
    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        raise ZeroDivisionError("the password is hunter2")


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database, now_ms)  # type: ignore[arg-type]


def order(world: World, database: Database, *targets: Target, workflow_id: str = "wf-1") -> None:
    """A gate that these are to be told of."""
    open_one(world, workflow_id=workflow_id)
    ledger = SqlLedger(database)
    rows = ledger.claim_outbox(now=world.clock(), worker="w-0", lapse_ms=60_000, limit=50)
    route_notices(world, ledger, rows, [Route(targets)], now=world.clock())


@contextmanager
def couriers(world: World, database: Database, channels: dict[str, Channel], count: int = 1) -> Iterator[list[Courier]]:
    notices = Notices((), channels, 3, lambda: 0.0)
    made = [Courier(world, SqlLedger(database), notices, worker_id=f"w-{n}") for n in range(count)]
    stopping = threading.Event()
    threads = [threading.Thread(target=one.run, args=(stopping,)) for one in made]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        stopping.set()
        for one in made:
            one.stop()
        for thread in threads:
            thread.join()


def settled(database: Database) -> Callable[[], bool]:
    return lambda: all(row["state"] == "sent" for row in dump(database, "deliveries")["deliveries"])


def test_who_hangs_holds_up_neither_other_targets_nor_other_channels(world: World, database: Database) -> None:
    slow, quick = Gated(hanging=frozenset({"stuck"})), Gated()
    for n in range(5):
        order(
            world,
            database,
            Target("slow", "stuck"),
            Target("slow", "well"),
            Target("quick", "other"),
            workflow_id=f"wf-{n}",
        )
    with couriers(world, database, {"slow": slow, "quick": quick}):
        until(lambda: len(slow.told) == 5 and len(quick.told) == 5, "the others to be told")
        assert {target for target, _ in slow.told} == {"well"}
        assert slow.held == ["stuck"]
        slow.let_go.set()
        until(settled(database), "the rest")
    assert len(slow.told) == 10


def test_a_channel_sends_a_few_at_once_and_no_more(world: World, database: Database) -> None:
    names = [f"stuck-{n}" for n in range(AT_ONCE + 3)]
    slow = Gated(hanging=frozenset(names))
    quick = Gated()
    order(world, database, *(Target("slow", name) for name in names), Target("quick", "other"))
    with couriers(world, database, {"slow": slow, "quick": quick}):
        until(lambda: quick.told and len(slow.held) == AT_ONCE, "as many as may")
        rows = dump(database, "deliveries")["deliveries"]
        assert len([row for row in rows if row["claimed_by"] and row["channel"] == "slow"]) == AT_ONCE
        slow.let_go.set()
        until(settled(database), "the rest")
    assert sorted(slow.held) == sorted(names)


def test_couriers_beside_one_another_send_each_delivery_once(world: World, database: Database) -> None:
    post = Gated()
    for n in range(12):
        order(world, database, Target("post", "a"), Target("post", "b"), workflow_id=f"wf-{n}")
    with couriers(world, database, {"post": post}, count=3):
        until(settled(database), "all of them")
    assert len(post.told) == len({id_ for _, id_ in post.told}) == 24


def test_a_channel_that_breaks_is_a_failure_like_others_and_gives_nothing_away(
    world: World, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    order(world, database, Target("broken", "a"))
    with couriers(world, database, {"broken": Broken()}):
        until(lambda: dump(database, "deliveries")["deliveries"][0]["state"] == "given-up", "the end of its tries")
    [row] = dump(database, "deliveries")["deliveries"]
    assert (row["attempts"], row["last_error"]) == (3, "it broke (ZeroDivisionError); see the log")
    assert "test_courier.py" in caplog.text
    assert "hunter2" not in caplog.text


def test_one_that_stops_says_whether_anything_is_under_way(tmp_path: Path) -> None:
    with migrated_database(tmp_path, None) as database:
        world = make_world(database, now_ms)  # type: ignore[arg-type]
        slow = Gated(hanging=frozenset({"stuck"}))
        order(world, database, Target("slow", "stuck"))
        with couriers(world, database, {"slow": slow}) as [courier]:
            until(lambda: slow.held, "it to hang")
            assert courier.stop() is False
            slow.let_go.set()
            until(settled(database), "the rest")
            until(courier.stop, "nothing to be under way")
