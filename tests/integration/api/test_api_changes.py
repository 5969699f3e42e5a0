"""How waiting requests are woken."""

from __future__ import annotations

import asyncio

import pytest

from signoff.api.changes import Changes, new_entries
from signoff.app.create_intent import create_intent
from signoff.app.find import find_newest_seq
from signoff.app.world import World


def _intent(world: World) -> str:
    return create_intent(world, goal="x", inputs={}, constraints={}, actor="ada")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 8, 9, 17])
def test_the_end_of_the_audit_trail_is_found(world: World, count: int) -> None:
    for _ in range(count):
        _intent(world)
    assert find_newest_seq(world) == count


def test_new_entries_are_told_by_workflow(world: World) -> None:
    _intent(world)
    seen = find_newest_seq(world)
    assert new_entries(world, seen) == (seen, [])
    one, other = _intent(world), _intent(world)
    assert new_entries(world, seen) == (seen + 2, [one, other])


def test_only_those_who_wait_for_a_workflow_are_woken_by_it_and_nobody_is_kept(world: World) -> None:
    async def wake() -> list[bool]:
        changes = Changes(world)
        changes.start()
        try:
            intent_id = await asyncio.to_thread(_intent, world)
            with changes.listen(intent_id) as mine, changes.listen("another") as other:
                # The watcher may still be looking for the end of the trail: write until it has seen one.
                waiting = asyncio.create_task(mine.wait(60))
                idle = asyncio.create_task(other.wait(60))
                while not waiting.done():
                    await asyncio.to_thread(_touch, world, intent_id)
                    await asyncio.sleep(0.01)
                was_idle = not idle.done()
                changes.end()
                await idle
            return [was_idle, changes._listeners == {}]
        finally:
            await changes.stop()

    assert asyncio.run(wake()) == [True, True]


def _touch(world: World, workflow_id: str) -> None:
    with world.ledger.write(workflow_id, "touch") as tx:
        tx.append_entry(at=world.clock(), actor="ada", event="touched", body={})
