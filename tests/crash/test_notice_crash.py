"""A worker that dies at any moment of telling people: everybody is told, and a repeat is known by its id."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from people_receivers import free_port
from processes import WAIT_S, Place, until
from receivers import receive

from signoff.app import moments

TOLD = [
    f"{verb}: {edge} commit"
    for verb in ("expand_notices", "claim_deliveries", "finish_delivery")
    for edge in ("before", "after")
]
FAILED = [f"fail_delivery: {edge} commit" for edge in ("before", "after")]
RETRIED = [f"retry_delivery: {edge} commit" for edge in ("before", "after")]
#: After which the receiver has been called once already, without anybody's having recorded it.
UNRECORDED = (moments.DELIVERED, "finish_delivery: before commit")


def a_place(signoff_dir: Path, port: int, attempts: int = 9) -> Place:
    place = Place(signoff_dir, environ={"HOOK_SECRET": "correct horse battery staple"})
    signoff_dir.parent.mkdir(parents=True, exist_ok=True)
    (signoff_dir.parent / "notify.yaml").write_text(
        "channels:\n  hooks: {kind: webhook, secret: '${HOOK_SECRET}'}\n"
        f"routes:\n  - to: {{hooks: 'http://127.0.0.1:{port}/'}}\nattempts: {attempts}\n",
        "utf-8",
    )
    return place


def open_gate(place: Place) -> None:
    assert place.command("ask", "Ship it?", "--workflow", "deploy-42", "--key", "ship", "--no-wait").code == 3


def die(place: Place, moment: str) -> None:
    with place.start("worker", "--migrate", environ={"SIGNOFF_CRASH_AT": moment}, must_be_ready=False) as worker:
        assert worker.process.wait(WAIT_S) == -signal.SIGKILL, f"{moment} was not reached"


def await_state(place: Place, state: str) -> None:
    until(lambda: place.rows(f"SELECT 1 FROM app.deliveries WHERE state = '{state}'"), f"the delivery to be {state}")


@pytest.mark.parametrize("moment", [*TOLD, moments.DELIVERED])
def test_a_death_while_people_are_told_loses_nothing(signoff_dir: Path, moment: str) -> None:
    with receive() as receiver:
        place = a_place(signoff_dir, int(receiver.url.rpartition(":")[2]))
        open_gate(place)
        die(place, moment)
        with place.start("worker"):
            await_state(place, "sent")
        ids = [call.headers["webhook-id"] for call in receiver.calls]
    assert ids == [ids[0]] * (2 if moment in UNRECORDED else 1)
    assert place.count("SELECT COUNT(*) FROM app.deliveries") == 1
    place.check()


@pytest.mark.parametrize("moment", FAILED)
def test_a_death_over_a_try_in_vain_leaves_the_next_one_to_another(signoff_dir: Path, moment: str) -> None:
    port = free_port()
    place = a_place(signoff_dir, port)
    open_gate(place)
    die(place, moment)
    with receive(port=port) as receiver, place.start("worker"):
        await_state(place, "sent")
        assert len(receiver.calls) == 1
    place.check()


@pytest.mark.parametrize("moment", RETRIED)
def test_a_death_over_a_retry_leaves_it_done_or_not_done(signoff_dir: Path, moment: str) -> None:
    port = free_port()
    place = a_place(signoff_dir, port, attempts=1)
    open_gate(place)
    with place.start("worker"):
        await_state(place, "given-up")
    dying = Place(place.directory, environ={**place.environ, "SIGNOFF_CRASH_AT": moment})
    assert dying.command("notify", "retry", "--all").code == -signal.SIGKILL
    retried = place.command("notify", "retry", "--all", "--json").document["retried"]
    assert len(retried) == (1 if "before" in moment else 0)
    with receive(port=port) as receiver, place.start("worker"):
        await_state(place, "sent")
        assert len(receiver.calls) == 1
    place.check()
