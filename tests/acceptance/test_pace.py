"""How often workers look at the engine's queues."""

from __future__ import annotations

from pathlib import Path

from processes import Place, until

from signoff.engine.pace import BUSY_S, CROWD, CROWD_S, QUIET_AFTER_S, QUIET_S, wants_to_hurry


def test_queues_are_looked_at_often_while_there_is_work_and_seldom_after_it_whoever_dies(signoff_dir: Path) -> None:
    place = Place(signoff_dir)
    with place.start("worker", "--migrate") as worker, place.start("api") as server:
        assert _pace(place) == QUIET_S
        workflow_id = server.new_run("keeps somebody busy")
        until(lambda: _pace(place) == BUSY_S, "the worker to hurry")
        server.open_gate(workflow_id)
        worker.kill()
        with place.start("worker"):
            until(lambda: _pace(place) == QUIET_S, "it to be quiet again")
            assert server.reply(workflow_id, server.open_gate(workflow_id), "yes", "go").status_code == 200
            until(lambda: _pace(place) == BUSY_S, "the next worker to hurry")
            assert server.ended(workflow_id)["status"] == "SUCCESS"
            until(lambda: _pace(place) == QUIET_S, "it to be quiet once more")
    place.check()


def test_a_few_orders_are_hurried_for_and_a_crowd_is_not() -> None:
    assert not wants_to_hurry([], 100.0)
    assert wants_to_hurry([100.0], 100.0)
    assert wants_to_hurry([100.0], 100.0 + QUIET_AFTER_S)
    assert not wants_to_hurry([100.0], 100.1 + QUIET_AFTER_S)
    crowd = [100.0 + n * CROWD_S / CROWD for n in range(CROWD)]
    assert wants_to_hurry(crowd[1:], crowd[-1])
    assert not wants_to_hurry(crowd, crowd[-1])
    assert wants_to_hurry([*crowd[1:], crowd[-1] + CROWD_S], crowd[-1] + CROWD_S)


def _pace(place: Place) -> dict[str, float]:
    rows = place.rows("SELECT name, polling_interval_sec FROM dbos.queues")
    return {str(name): float(seconds) for name, seconds in rows}
