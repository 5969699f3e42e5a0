"""Which process dies, where it dies, and on which database, while the others live: each cell of the table is a death.

`test_every_moment` kills one process that is everything at every moment there is. Here a server, a worker or a command
dies alone, and those that live beside it on the same ledger go on; what they leave is compared with what nothing
disturbed. The processes that live are shared by all cells of a database.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any

import httpx
import journeys
import pytest
from crash_database import new_database
from journeys import Client, Journey
from ledger_databases import database_at, run_sql
from portrait import Portrait, take_portrait
from processes import WAIT_S, Place, Server, until

from signoff.app import moments

#: SQLite's are those at which it matters that another process lives: the rest is in `test_every_moment`.
WORKERS = {
    "sqlite": (moments.STEP_DONE,),
    "postgres": (
        "claim_outbox: after commit",
        moments.RELAYED,
        "open_gate: after commit",
        "pass_gate: before commit",
        moments.TASK_DONE,
    ),
}
SERVERS = {
    "sqlite": (("reply: before commit", journeys.say_yes), ("reply: after commit", journeys.say_yes)),
    "postgres": (
        ("create_intent: after commit", journeys.say_yes),
        ("start_run: before commit", journeys.say_yes),
        ("cancel_run: after commit", journeys.cancel),
    ),
}
ANSWERS = ("reply: before commit", "reply: after commit")


@dataclass
class House:
    """A ledger, a server that lives through everything, and a worker that does once the workers' deaths are over."""

    place: Place
    server: Server
    undisturbed: dict[Journey, Portrait]

    def walk(self, client: Client, journey: Journey) -> Portrait:
        journey(client, self.server)
        return self.settled(str(client.intent_id))

    def settled(self, workflow_id: str) -> Portrait:
        def found() -> Portrait | None:
            portrait = take_portrait(self.place, workflow_id)
            is_relayed = all(row[-1] == "done" for row in portrait["outbox"])
            is_at_rest = all(row[1] in ("SUCCESS", "ERROR", "CANCELLED") for row in portrait["workflows"])
            return portrait if is_relayed and is_at_rest else None

        return until(found, f"everything about {workflow_id} to be done")


def _cells(table: Mapping[str, Sequence[Any]]) -> list[Any]:
    return [
        pytest.param(database, cell, id=f"{database}-{cell if isinstance(cell, str) else cell[0]}")
        for database in table
        for cell in table[database]
    ]


@pytest.fixture(scope="module")
def houses(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, House]]:
    with ExitStack() as stack:
        found = {}
        for name in ("sqlite", "postgres"):
            url = None if name == "sqlite" else new_database(request, stack)
            place = Place(tmp_path_factory.mktemp("house") / ".signoff", url)
            server = stack.enter_context(place.start("api", "--migrate"))
            found[name] = House(place, server, {})
            with place.start("worker"):
                for journey in (journeys.say_yes, journeys.cancel):
                    found[name].undisturbed[journey] = found[name].walk(Client(place), journey)
        yield found
        for house in found.values():
            house.place.check()


@pytest.fixture(scope="module")
def staffed(houses: dict[str, House]) -> Iterator[dict[str, House]]:
    """With a worker that lives."""
    with ExitStack() as stack:
        for house in houses.values():
            stack.enter_context(house.place.start("worker"))
        yield houses


@pytest.mark.parametrize(("database", "moment"), _cells(WORKERS))
def test_what_a_worker_left_behind_while_a_server_lives_is_done_by_the_next_one(
    houses: dict[str, House], database: str, moment: str
) -> None:
    house = houses[database]
    assert _outlive_worker(house, moment, is_known=True) == house.undisturbed[journeys.say_yes]


def test_what_was_left_by_a_worker_that_nobody_knows_any_more_is_done_by_the_next_one(houses: dict[str, House]) -> None:
    """One that was taken for dead has no row until its next beat, and may take a leg and die before that."""
    house = houses["postgres"]
    assert _outlive_worker(house, moments.STEP_DONE, is_known=False) == house.undisturbed[journeys.say_yes]


@pytest.mark.parametrize(("database", "cell"), _cells(SERVERS))
def test_what_was_asked_of_a_server_that_died_is_asked_again_of_another(
    staffed: dict[str, House], database: str, cell: tuple[str, Journey]
) -> None:
    house, (moment, journey) = staffed[database], cell
    client = Client(house.place)
    with house.place.start("api", environ={"SIGNOFF_CRASH_AT": moment}) as victim:
        with suppress(httpx.TransportError):
            journey(client, victim)
        assert victim.process.wait(WAIT_S) == -signal.SIGKILL, f"{moment} was not reached"
    # An answer that arrived is acted on by the worker, whoever took it.
    if moment == "reply: after commit":
        assert _ended(house, str(client.intent_id)) == "SUCCESS"
    assert house.walk(client, journey) == house.undisturbed[journey]


@pytest.mark.parametrize("moment", ANSWERS)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_an_answer_of_a_command_that_died_is_taken_or_can_be_given_again(
    staffed: dict[str, House], database: str, moment: str
) -> None:
    house = staffed[database]
    workflow_id = Client(house.place).start(house.server, "ship it")
    gate_key = house.server.open_gate(workflow_id)
    words = ("gate", "approve", workflow_id, gate_key, "--as", "ada", "--dedupe-key", "mine", "--json")
    died = replace(house.place, environ={"SIGNOFF_CRASH_AT": moment}).command(*words)
    assert (died.code, died.out) == (-signal.SIGKILL, "")
    if moment == "reply: after commit":
        assert _ended(house, workflow_id) == "SUCCESS"
    again = house.place.command(*words)
    assert again.code == 0, again
    assert house.server.ended(workflow_id)["status"] == "SUCCESS"
    portrait = house.settled(workflow_id)
    assert [row[1:] for row in portrait["gates"]] == [["RECEIVED", "yes", "ada", 0]]
    for part in ("run", "steps", "artifacts", "outbox", "workflows", "events"):
        assert portrait[part] == house.undisturbed[journeys.say_yes][part], part


@pytest.mark.parametrize("moment", ANSWERS)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_of_a_server_that_dies_over_an_answer_and_a_command_at_once_one_decides(
    staffed: dict[str, House], database: str, moment: str
) -> None:
    house = staffed[database]
    workflow_id = Client(house.place).start(house.server, "ship it")
    gate_key = house.server.open_gate(workflow_id)
    typed = house.place.begin("gate", "reject", workflow_id, gate_key, "--as", "bob", "--rationale", "no", "--json")
    with house.place.start("api", environ={"SIGNOFF_CRASH_AT": moment}) as victim:
        until(lambda: typed.is_at_the_ledger, "the command to have found the ledger")
        with suppress(httpx.TransportError):
            victim.reply(workflow_id, gate_key, "yes", "mine")
        command = typed()
        # Whoever lost the connection asks again, and is told what counts.
        again = house.server.reply(workflow_id, gate_key, "yes", "mine")
    told = {"yes": again.status_code == 200, "no": command.code == 0}
    assert sorted(told.values()) == [False, True], (again.text, command)
    [decision] = [choice for choice, is_accepted in told.items() if is_accepted]
    assert {again.json()["receipt"]["decision"], command.document["receipt"]["decision"]} == {decision}
    assert house.server.ended(workflow_id)["status"] == ("SUCCESS" if decision == "yes" else "ERROR")
    portrait = house.settled(workflow_id)
    assert [row[2] for row in portrait["gates"]] == [decision]
    assert len(portrait["interactions"]) == 1


def _outlive_worker(house: House, moment: str, *, is_known: bool) -> Portrait:
    client = Client(house.place)
    # Ordered before anybody is there to claim it.
    client.start(house.server, "ship it")
    with ThreadPoolExecutor(1) as people:
        with house.place.start("worker", environ={"SIGNOFF_CRASH_AT": moment}, must_be_ready=False) as victim:
            walking = people.submit(journeys.say_yes, client, house.server)
            assert victim.process.wait(WAIT_S) == -signal.SIGKILL, f"{moment} was not reached"
        if not is_known:
            database = database_at(house.place.directory, house.place.database_url)
            run_sql(database, "DELETE FROM app.workers")
            database.close()
        with house.place.start("worker") as survivor:
            walking.result()
            portrait = house.settled(str(client.intent_id))
            assert survivor.stop() == 0
    return portrait


def _ended(house: House, workflow_id: str) -> str:
    """Without anybody's asking for it."""
    ended = f"SELECT status FROM app.runs WHERE workflow_id = '{workflow_id}' AND finished_at IS NOT NULL"
    return str(until(lambda: house.place.rows(ended), f"the end of {workflow_id}")[0][0])
