"""A waiting gate is a row: thousands of them hold no thread and no connection of the process that serves them."""

from __future__ import annotations

from pathlib import Path

from processes import Place, Server, open_files

from signoff.app.open_gate import OnDecision, open_gate
from signoff.app.world import World

GATES = 2_000


def test_thousands_of_waiting_gates_hold_nothing_and_outlive_a_restart(own_place: Place) -> None:
    with own_place.start("up") as server:
        without = _held(server)
        with own_place.world() as world:
            for number in range(GATES):
                _open(world, number)
        assert server.get("/api/gates?limit=200")["nextCursor"] is not None
        _assert_no_more(_held(server), without)
        server.kill()

    with own_place.start("up") as server:
        assert server.reply("deploy-1234", "ship", "yes", "first").status_code == 200
        assert server.reply("deploy-1234", "ship", "yes", "first").json()["isReplay"] is True
        _assert_no_more(_held(server), without)
        states = own_place.rows("SELECT state, COUNT(*) FROM app.human_gates GROUP BY state ORDER BY state")
        assert states == [["PENDING", GATES - 1], ["RECEIVED", 1]]
        assert own_place.count("SELECT COUNT(*) FROM dbos.workflow_status") == 0
    own_place.check()


def _open(world: World, number: int) -> None:
    open_gate(
        world,
        workflow_id=f"deploy-{number}",
        gate_key="ship",
        prompt={"title": f"Ship {number}?"},
        ttl_s=86_400,
        actor="robot",
        on_decision=OnDecision("none"),
    )


def _assert_no_more(held: tuple[int, int], without: tuple[int, int]) -> None:
    """Pools breathe by a few; what waits may not add to them."""
    for now, before in zip(held, without, strict=True):
        assert now - before < GATES / 100, f"{without} threads and files without, {held} with {GATES} gates"


def _held(server: Server) -> tuple[int, int]:
    """The threads of a process, and the sockets and files that it has open."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return int(status["Threads"]), len(open_files(server.process.pid))
