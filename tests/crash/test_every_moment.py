"""The process is killed at every moment that has a name, started again, and its ledger compared with that of a run
which nothing disturbed.

A moment is reached by a journey (`journeys`). Where it comes only after an earlier death, that one is named too: the
claim of an outbox row, to find one when the process starts; the release of a dead worker's claims.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import journeys
import pytest
from crash_database import new_database
from journeys import Client, Journey
from portrait import Portrait, take_portrait
from processes import WAIT_S, Place, Server, until

import signoff
from signoff.app import moments

AT_ONCE = 2


@dataclass(frozen=True)
class Death:
    moment: str
    journey: Journey = journeys.say_yes
    after: str | None = None


def _around(verb: str, journey: Journey = journeys.say_yes, after: str | None = None) -> list[Death]:
    return [Death(f"{verb}: {edge} commit", journey, after) for edge in ("before", "after")]


DEATHS = [
    *_around("create_intent"),
    *_around("start_run"),
    *_around("beat"),
    *_around("claim_outbox", after="start_run: after commit"),
    Death(moments.RELAYED),
    *_around("finish_outbox"),
    *_around("expand_notices"),
    *_around("begin_leg"),
    Death(moments.LEG_BEGUN),
    Death(moments.STEP_DONE),
    *_around("record_step"),
    *_around("open_gate"),
    Death(moments.EVENT_UNPUBLISHED),
    *_around("reply"),
    *_around("pass_gate"),
    Death(moments.TASK_DONE),
    *_around("record_task"),
    *_around("sign_head"),
    *_around("release_outbox", after="pass_gate: before commit"),
    *_around("remove_worker", after="pass_gate: before commit"),
    Death(moments.ROLLED_BACK, journeys.say_no),
    *_around("record_rollback", journeys.say_no),
    *_around("fail_run", journeys.say_no),
    *_around("expire", journeys.say_nothing),
    *_around("cancel_run", journeys.cancel),
    *_around("retry_run", journeys.say_no_then_yes),
]
#: Died at in `test_callback_crash`, since only a callback that fails passes it, in `test_notice_crash`, where there
#: is somebody to tell, in `test_resumption_crash`, where a graph is resumed, in `test_session_crash`, where people
#: sign in, and in `test_identity_crash`, `test_spec_crash` and `test_checkpoint_crash`, since principals and tokens
#: are made, specs run, and checkpoints answered, by commands; with the missions' own tests,
#: `test_mission_commands`, `test_review_crash` and `test_merge`, where a package is moved, a review asked for and
#: recorded, and a mission merged.
ELSEWHERE = {
    f"{verb}: {edge} commit"
    for verb in (
        "postpone_outbox",
        "add_principal",
        "disable_principal",
        "change_principal",
        "delegate",
        "create_token",
        "revoke_token",
        "record_refusal",
        "start_spec",
        "start_story",
        "begin_at_gate",
        "ask_again",
        "close_gate",
        "override_gate",
        "claim_deliveries",
        "finish_delivery",
        "fail_delivery",
        "retry_delivery",
        "claim_thread",
        "hold_thread",
        "let_through",
        "settle_thread",
        "retry_thread",
        "open_session",
        "extend_session",
        "end_sessions",
        "make_link",
        "use_link",
    )
    for edge in ("before", "after")
} | {
    *(moments.DELIVERED, moments.MOVED, moments.CYCLE_WRITTEN, moments.MERGED, moments.TARGET_MOVED),
    *(moments.CHECKPOINT_DECIDED, moments.STORY_COMMITTED, moments.STATE_DRAFTED),
}

ON_POSTGRES = {
    "open_gate: before commit",
    "reply: before commit",
    "reply: after commit",
    "finish_outbox: before commit",
    moments.STEP_DONE,
}
CASES = [(death, "sqlite") for death in DEATHS] + [(d, "postgres") for d in DEATHS if d.moment in ON_POSTGRES]

#: What each journey writes into the trail when nothing disturbs it.
_BEGUN = ["intent.created", "run.started", "run.advanced"]
_ASKED = ["step.done", "step.done", "gate.opened"]
_REFUSED = ["run.resumed", "step.rolled-back", "run.refused"]
_DONE = ["gate.decided", "run.resumed", "step.done", "step.done", "run.succeeded"]
TRAILS: dict[Journey, list[str]] = {
    journeys.say_yes: [*_BEGUN, *_ASKED, *_DONE],
    journeys.say_no: [*_BEGUN, *_ASKED, "gate.decided", *_REFUSED],
    journeys.say_nothing: [*_BEGUN, *_ASKED, "gate.timed-out", *_REFUSED],
    journeys.cancel: [*_BEGUN, *_ASKED, "run.cancelled", "gate.cancelled"],
    journeys.say_no_then_yes: [
        *(*_BEGUN, *_ASKED, "gate.decided", *_REFUSED),
        *("run.retried", "run.advanced", *_ASKED, *_DONE),
    ],
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[Journey, Portrait]:
    """The portrait of each journey's run, all on one ledger that nothing happens to."""
    place = Place(tmp_path_factory.mktemp("undisturbed") / ".signoff")
    with place.start("up") as server:
        return {journey: _walk(place, server, journey, Client(place)) for journey in TRAILS}


@pytest.fixture(scope="module")
def survived(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, str], Future[Portrait]]]:
    """Every death that this session asks for, a few at once: most of the time each waits for a process to start."""
    wanted: list[Any] = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module and hasattr(item, "callspec")
    ]
    with ExitStack() as stack:
        places = {}
        for death, database in wanted:
            url = None if database == "sqlite" else new_database(request, stack)
            places[death.moment, database] = Place(tmp_path_factory.mktemp("crash") / ".signoff", url)
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        stack.callback(pool.shutdown, cancel_futures=True)
        yield {
            (death.moment, database): pool.submit(_die_and_go_on, places[death.moment, database], death)
            for death, database in wanted
        }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]}-{case[0].moment}")
def test_a_death_at_any_moment_leaves_the_ledger_as_if_it_had_not_happened(
    case: tuple[Death, str],
    survived: dict[tuple[str, str], Future[Portrait]],
    undisturbed: dict[Journey, Portrait],
) -> None:
    death, database = case
    assert survived[death.moment, database].result() == undisturbed[death.journey]


def test_undisturbed_runs_write_the_trail_that_is_expected_of_them(undisturbed: dict[Journey, Portrait]) -> None:
    trails = {journey: [entry[1] for entry in portrait["entries"]] for journey, portrait in undisturbed.items()}
    assert trails == TRAILS
    for portrait in undisturbed.values():
        assert {row[1] for row in portrait["workflows"]} == {"SUCCESS"}
    names = [row[0] for row in undisturbed[journeys.say_yes]["workflows"]]
    tasks = ["RUN:sbx:carry-out", "RUN:sbx:check", "RUN:sbx:prepare"]
    assert names == ["RUN", "RUN:GATE-1", *tasks]


def test_every_commit_and_every_named_moment_has_a_death() -> None:
    source = Path(signoff.__file__).parent
    text = "\n".join(path.read_text("utf-8") for path in sorted(source.rglob("*.py")))
    verbs = re.findall(r'\.ledger\.write\([^,()]+, "(\w+)"\)|\._transaction\("(\w+)"[,)]', text)
    calls = len(re.findall(r"\.ledger\.write\(|\._transaction\(", text))
    assert len(verbs) == calls - 1, "a commit's verb is written where it is called; `write` itself passes one on"
    edges = {f"{one or other}: {edge} commit" for one, other in verbs for edge in ("before", "after")}
    assert {death.moment for death in DEATHS} | ELSEWHERE == edges | set(moments.BETWEEN_COMMITS)


def _die_and_go_on(place: Place, death: Death) -> Portrait:
    client = Client(place)
    for moment in [death.after, death.moment]:
        if moment is not None:
            _die(place, moment, death.journey, client)
    with place.start("up") as server:
        portrait = _walk(place, server, death.journey, client)
    place.check()
    return portrait


def _walk(place: Place, server: Server, journey: Journey, client: Client) -> Portrait:
    """To the journey's end; the portrait once nothing is left to be done."""
    journey(client, server)
    return until(lambda: _settled(place, str(client.intent_id)), "everything to be relayed")


def _die(place: Place, moment: str, journey: Journey, client: Client) -> None:
    with place.start("up", environ={"SIGNOFF_CRASH_AT": moment}, must_be_ready=False) as server:
        if server.is_ready:
            try:
                journey(client, server)
            except httpx.TransportError:
                """The server is gone, as it should be."""
        assert server.process.wait(WAIT_S) == -signal.SIGKILL, f"{moment} was not reached"


def _settled(place: Place, workflow_id: str) -> Portrait | None:
    """The portrait once nothing is left to be done: the engine records an end a little after the ledger does."""
    portrait = take_portrait(place, workflow_id)
    is_relayed = all(row[-1] == "done" for row in portrait["outbox"])
    is_at_rest = all(row[1] in ("SUCCESS", "ERROR", "CANCELLED") for row in portrait["workflows"])
    return portrait if is_relayed and is_at_rest else None
