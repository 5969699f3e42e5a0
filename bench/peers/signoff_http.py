"""signoff over HTTP: `signoff api` and `signoff worker` on Postgres, and without --database-url `signoff up` on SQLite.
A gate is opened for somebody else's workflow, its answer is a POST, and the callback that follows is the effect.

Run it in signoff's own environment: `uv run python bench/peers/signoff_http.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from peer import BODY, TITLE, Options, Peer, System, Told, run
from signoff_site import GATE_KEY, PACKAGES, TTL_S, Callbacks, callbacks_of, durability_of, place_of

from signoff.cli.bench.wire import Wire


class OverHttp:
    def __init__(self, wire: Wire, callbacks: Callbacks) -> None:
        self._wire = wire
        self._callbacks = callbacks

    def open(self, gate: str) -> None:
        body = {
            "workflowId": gate,
            "gateKey": GATE_KEY,
            "ttlS": TTL_S,
            "onDecision": dict(self._callbacks.on_decision),
            "prompt": {"title": TITLE, "body": BODY},
        }
        self._wire.post("/api/gates", body)

    def wait_open(self, gates: Sequence[str]) -> None:
        """Each waits when `open` returns."""

    def answer(self, gate: str, choice: str, by: str) -> Told:
        body = {"payload": {"choice": choice, "rationale": f"{by} says so"}, "dedupeKey": f"{gate}-{by}"}
        status, document = self._wire.try_post(f"/api/runs/{gate}/gates/{GATE_KEY}/reply", body)
        if status == 200:
            return Told.ACCEPTED
        return Told.LOST if status == 409 and document.get("receipt") else Told.REFUSED

    def wait_done(self, gates: Sequence[str]) -> None:
        self._callbacks.wait(gates)

    def effects(self) -> Mapping[str, int]:
        return self._callbacks.counts()


@contextmanager
def start(options: Options) -> Iterator[Peer]:
    workers = 1 if options.is_postgres else 0
    with (
        place_of(options) as place,
        place.site(place.new_ledger(), workers) as site,
        callbacks_of(site) as callbacks,
    ):
        yield OverHttp(site.wire, callbacks)


def describe(options: Options) -> System:
    processes = "API and worker are processes of their own" if options.is_postgres else "one process is API and worker"
    return System(
        name="signoff over HTTP",
        answer="`POST .../reply`: checks, answer, decision, audit entry and the order to go on are committed when it "
        f"returns; a worker calls back afterwards ({processes})",
        durability=durability_of(options),
        packages=PACKAGES,
    )


if __name__ == "__main__":
    run(describe, start)
