"""signoff from Python: gates are opened by `app.open_gate` and answered by `app.reply` in this process, on Postgres,
and without --database-url on SQLite. `signoff worker` runs beside; the callback that it sends is the effect. The floor,
the same statements as plain SQL, is measured afterwards on a ledger that nobody else uses.

Run it in signoff's own environment: `uv run python bench/peers/signoff_reply.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from outcome import Floor
from peer import BODY, TITLE, Options, Peer, System, Told, run
from signoff_site import GATE_KEY, PACKAGES, TTL_S, Callbacks, callbacks_of, durability_of, place_of

from signoff.app.open_gate import OnDecision, open_gate
from signoff.app.reply import reply
from signoff.app.world import World
from signoff.bootstrap.world import open_world
from signoff.cli.bench.floor import answers_floor
from signoff.cli.bench.place import Site
from signoff.cli.bench.told import Told as NothingTold
from signoff.cli.bench.wire import Wire
from signoff.errors import GateDecidedError
from signoff.gates.requirement import Actor


class AtHand:
    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self._world = world
        self._callbacks = callbacks

    def open(self, gate: str) -> None:
        open_gate(
            self._world,
            workflow_id=gate,
            gate_key=GATE_KEY,
            prompt={"title": TITLE, "body": BODY},
            ttl_s=TTL_S,
            actor="peers",
            on_decision=OnDecision(**self._callbacks.on_decision),
        )

    def wait_open(self, gates: Sequence[str]) -> None:
        """Each waits when `open` returns."""

    def answer(self, gate: str, choice: str, by: str) -> Told:
        try:
            reply(
                self._world,
                workflow_id=gate,
                gate_key=GATE_KEY,
                payload={"choice": choice, "rationale": f"{by} says so"},
                dedupe_key=f"{gate}-{by}",
                actor=Actor(by),
            )
        except GateDecidedError as error:
            return Told.LOST if error.receipt else Told.REFUSED
        return Told.ACCEPTED

    def wait_done(self, gates: Sequence[str]) -> None:
        self._callbacks.wait(gates)

    def effects(self) -> Mapping[str, int]:
        return self._callbacks.counts()


@contextmanager
def start(options: Options) -> Iterator[Peer]:
    with place_of(options) as place:
        settings = place.new_ledger()
        # No server is asked, so nothing is behind this wire.
        site = Site(Wire("http://127.0.0.1", None), settings)
        with (
            place.running({"worker": place.process(settings, "worker")}),
            callbacks_of(site) as callbacks,
            # As a server opens it: for several threads.
            open_world(settings, is_server=True) as world,
        ):
            yield AtHand(world, callbacks)


def floor(options: Options) -> Floor:
    with place_of(options) as place:
        found = answers_floor(place.new_ledger(), NothingTold(None), gates=options.gates)
    return Floor(found["oursPerSecond"], found["plainPerSecond"], found["ratio"])


def describe(options: Options) -> System:
    return System(
        name="signoff, `app.reply`",
        answer="`app.reply`: checks, answer, decision, audit entry and the order to go on are committed when it "
        "returns; a worker, a process of its own, calls back afterwards",
        durability=durability_of(options),
        packages=PACKAGES,
    )


if __name__ == "__main__":
    run(describe, start, floor=floor)
