"""Resuming threads: each decision once, whatever comes between."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from graph_places import Effects, Place, Saver, State, answer, by_hand, config_of, deploy_graph, states
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from processes import until

import signoff
from signoff.app.resume_thread import claim_thread, hold_thread, let_through, settle_thread
from signoff.errors import InvalidInputError
from signoff.langgraph import Resumer, gate
from signoff.langgraph.holder import is_alive, new_claim_id

PRINT_CLAIM_ID = """
import sys
from signoff.langgraph.holder import new_claim_id
with new_claim_id() as claim_id:
    print(claim_id, flush=True)
    sys.stdin.read()
"""
#: As SQLite and as Postgres say it.
REPEATED = ([[0], [1]], [["false"], ["true"]])


def test_nothing_is_resumed_before_it_is_decided(client: signoff.Client, checkpoints: Saver, effects: Effects) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    assert Resumer(graph, checkpoints, client).run_once() == []
    assert effects.count == 0


def test_every_decided_thread_is_resumed_and_none_twice(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    names = [f"t-{n}" for n in range(5)]
    for name in names:
        graph.invoke({}, config_of(name))
    for name in names[:4]:
        answer(client, thread_id=name)
    resumer = Resumer(graph, None, client)
    assert {resumed.thread_id for resumed in resumer.run_once()} == set(names[:4])
    assert resumer.run_once() == []
    assert (effects.count, place.passes()) == (4, 4)
    assert place.resumptions() == [["done", 1]] * 4
    place.check(client)


def test_it_waits_and_resumes_until_it_is_told_to_stop(
    client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    stopping = threading.Event()
    waiting = threading.Thread(target=Resumer(graph, checkpoints, client).run, args=(stopping,))
    waiting.start()
    graph.invoke({}, config_of())
    answer(client)
    until(lambda: effects.count, "the effect")
    stopping.set()
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_decision_that_comes_before_the_interrupt_is_saved_is_kept(
    place: Place, client: signoff.Client, effects: Effects
) -> None:
    """The answer is given while the node that asked has not yet raised its interrupt."""
    asked, may_go_on = threading.Event(), threading.Event()

    def ask(state: State) -> State:
        with _pausing(client, asked, may_go_on):
            return {"approved": gate(client, "deploy", "Deploy?").is_approved}

    def execute(state: State) -> State:
        effects()
        return {}

    with place.checkpoints() as checkpoints, place.checkpoints() as elsewhere:
        builder = StateGraph(State).add_node("ask", ask).add_node("execute", execute)
        builder.add_edge(START, "ask").add_edge("ask", "execute")
        graph = builder.compile(checkpointer=checkpoints)
        running = threading.Thread(target=graph.invoke, args=({}, config_of()), kwargs={"durability": "sync"})
        running.start()
        assert asked.wait(30)
        answer(client)
        resumer = Resumer(graph, elsewhere, client)
        assert states(resumer) == [["due"]]
        assert (effects.count, place.passes()) == (0, 0)
        may_go_on.set()
        running.join(30)
        assert until(lambda: states(resumer), "the interrupt to be found") == [["done"]]
        assert (effects.count, place.passes()) == (1, 1)


@contextmanager
def _pausing(client: signoff.Client, asked: threading.Event, may_go_on: threading.Event) -> Iterator[None]:
    """Between the gate that this node opens and its interrupt."""
    opened = client.open_gate

    def open_and_pause(*arguments: Any, **more: Any) -> signoff.Gate:
        found = opened(*arguments, **more)
        asked.set()
        assert may_go_on.wait(30)
        return found

    client.open_gate = open_and_pause  # type: ignore[method-assign]
    try:
        yield
    finally:
        client.open_gate = opened  # type: ignore[method-assign]


def test_what_goes_on_after_a_death_in_the_middle_of_a_step_is_only_what_was_not_done(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    """Whoever resumed passed the gate, and ended with the step behind it not begun."""

    class Death(BaseException):
        pass

    deaths = iter([True, False])

    def execute() -> None:
        if next(deaths):
            raise Death
        effects()

    graph = deploy_graph(client, execute).compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    answer(client)
    with pytest.raises(Death):
        Resumer(graph, checkpoints, client).run_once()
    assert graph.get_state(config_of()).next == ("execute",)
    assert states(Resumer(graph, checkpoints, client)) == [["done"]]
    assert effects.count == 1
    # Behind the gate it was begun twice, and that is on record.
    assert place.rows("SELECT body ->> 'isRepeat' FROM app.audit_entries WHERE event = 'gate.passed'") in REPEATED


def test_a_graph_that_raises_after_its_gate_is_left_to_people(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    is_broken = True

    def execute() -> None:
        if is_broken:
            raise ZeroDivisionError("no disk")
        effects()

    graph = deploy_graph(client, execute).compile(checkpointer=checkpoints)
    resumer = Resumer(graph, checkpoints, client)
    graph.invoke({}, config_of())
    answer(client)
    (resumed,) = resumer.run_once()
    assert (list(resumed.states.values()), type(resumed.error)) == (["failed"], ZeroDivisionError)
    assert resumer.run_once() == []
    assert place.rows("SELECT last_error FROM app.resumptions") == [["ZeroDivisionError: no disk"]]
    is_broken = False
    assert resumer.retry("t-1") == 1
    assert resumer.retry("t-1") == 0
    assert states(resumer) == [["done"]]
    assert effects.count == 1
    place.check(client)


def test_a_graph_that_raises_before_its_gate_is_tried_again(
    client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    is_broken = False

    def ask(state: State) -> State:
        if is_broken:
            raise ZeroDivisionError
        gate(client, "deploy", "Deploy?")
        effects()
        return {}

    graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile(checkpointer=checkpoints)
    resumer = Resumer(graph, checkpoints, client)
    graph.invoke({}, config_of())
    answer(client)
    is_broken = True
    assert states(resumer) == [["due"]]
    is_broken = False
    assert until(lambda: states(resumer), "another try") == [["done"]]
    assert effects.count == 1


def test_a_thread_that_was_given_another_input_is_not_resumed_for_the_old_question(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    graph.invoke({"task": {"version": "1.4"}}, config_of())
    (old,) = client.gates()
    graph.invoke({"task": {"version": "1.5"}}, config_of())
    client.reply("t-1", old.key, "yes")
    resumer = Resumer(graph, checkpoints, client)
    assert states(resumer) == [["overtaken"]]
    assert effects.count == 0
    answer(client)
    assert states(resumer) == [["done"]]
    assert (effects.count, place.passes()) == (1, 1)


def test_the_threads_of_other_graphs_are_left_as_they_are(
    place: Place, client: signoff.Client, effects: Effects
) -> None:
    with place.checkpoints() as checkpoints, SqliteSaver.from_conn_string(":memory:") as others:
        graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
        graph.invoke({}, config_of())
        answer(client)
        assert states(Resumer(graph, others, client)) == [["due"]]
        assert effects.count == 0
        assert until(lambda: states(Resumer(graph, None, client)), "its own resumer") == [["done"]]


def test_resumers_that_race_do_the_work_once(place: Place, client: signoff.Client, effects: Effects) -> None:
    names = [f"t-{n}" for n in range(6)]
    with place.checkpoints() as checkpoints:
        graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
        for name in names:
            graph.invoke({}, config_of(name))
            answer(client, thread_id=name)

    start = threading.Barrier(4)

    def race() -> None:
        with place.connect() as client, place.checkpoints() as checkpoints:
            resumer = Resumer(deploy_graph(client, effects).compile(), checkpoints, client)
            start.wait()
            resumer.run_once()

    _at_once([race] * 4)
    assert (effects.count, place.passes()) == (6, 6)
    assert place.resumptions() == [["done", 1]] * 6
    place.check(client)


def test_four_racing_answers_have_one_effect_one_receipt_and_three_conflicts(
    place: Place, client: signoff.Client, effects: Effects
) -> None:
    with place.checkpoints() as checkpoints:
        deploy_graph(client, effects).compile(checkpointer=checkpoints).invoke({}, config_of())
    (opened,) = client.gates()
    start = threading.Barrier(4)
    receipts: list[signoff.Receipt] = []
    conflicts: list[signoff.GateDecidedError] = []

    def race(name: str) -> None:
        with place.connect(name) as client, place.checkpoints() as checkpoints:
            resumer = Resumer(deploy_graph(client, effects).compile(), checkpoints, client)
            start.wait()
            try:
                receipts.append(client.reply("t-1", opened.key, "yes"))
            except signoff.GateDecidedError as conflict:
                conflicts.append(conflict)
            resumer.run_once()

    _at_once([lambda name=name: race(name) for name in ("ada", "bob", "cyd", "dan")])
    (receipt,) = receipts
    assert [conflict.receipt and conflict.receipt["actor"] for conflict in conflicts] == [receipt.actor] * 3
    assert (effects.count, place.passes()) == (1, 1)


def test_the_library_alone_has_the_effect_of_every_racing_answer(
    place: Place, client: signoff.Client, effects: Effects
) -> None:
    """Why there is a claim: with `interrupt` and `Command(resume=...)` alone, all four answers are in the effect at
    once. They meet there, or this test fails."""
    from langgraph.types import interrupt

    inside = threading.Barrier(4)

    def ask(state: State) -> State:
        return {"approved": interrupt("Deploy?") == "yes"}

    def execute(state: State) -> State:
        inside.wait(30)
        effects()
        return {}

    builder = StateGraph(State).add_node("ask", ask).add_node("execute", execute)
    builder.add_edge(START, "ask").add_edge("ask", "execute")
    with place.checkpoints() as checkpoints:
        builder.compile(checkpointer=checkpoints).invoke({}, config_of())
    start = threading.Barrier(4)

    def race() -> None:
        with place.checkpoints() as checkpoints:
            graph = builder.compile(checkpointer=checkpoints)
            start.wait()
            graph.invoke(by_hand(), config_of())

    _at_once([race] * 4)
    assert effects.count == 4


def test_a_claim_that_went_to_somebody_else_lets_nothing_through(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    answer(client)
    world = client.at_hand()
    first = claim_thread(world, "elsewhere/1", lapse_ms=60_000, is_alive=lambda _: None)
    assert first is not None
    assert claim_thread(world, "elsewhere/2", lapse_ms=60_000, is_alive=lambda _: None) is None
    assert claim_thread(world, "elsewhere/2", lapse_ms=-1, is_alive=lambda _: True) is None
    second = claim_thread(world, "elsewhere/2", lapse_ms=-1, is_alive=lambda _: None)
    assert second is not None
    (key,) = (one.gate_key for one in first.resumptions)
    assert not let_through(world, first, key, actor="late")
    assert not hold_thread(world, first)
    settle_thread(world, first, {})
    assert let_through(world, second, key, actor="robot")
    assert hold_thread(world, second)
    assert not let_through(world, second, "no-such-gate", actor="robot")
    assert claim_thread(world, "here/3", lapse_ms=60_000, is_alive=lambda claim: claim != "elsewhere/2") is not None


def test_a_claim_is_alive_while_it_is_worked_on_and_dead_with_its_process() -> None:
    with new_claim_id() as claim_id:
        assert is_alive(claim_id) is True
    assert is_alive(claim_id) is False
    place, pid, started, ulid = claim_id.split("/")
    assert is_alive(f"elsewhere/{pid}/{started}/{ulid}") is None
    assert is_alive(f"{place}/1/0/{ulid}") is False


def test_a_process_that_only_stands_still_keeps_its_claim(
    place: Place, client: signoff.Client, effects: Effects
) -> None:
    still = subprocess.Popen(
        [sys.executable, "-c", PRINT_CLAIM_ID], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with still, place.checkpoints() as checkpoints:
        assert still.stdout is not None
        claim_id = still.stdout.readline().strip()
        graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
        graph.invoke({}, config_of())
        answer(client)
        assert claim_thread(client.at_hand(), claim_id, lapse_ms=0, is_alive=is_alive) is not None
        still.send_signal(signal.SIGSTOP)
        resumer = Resumer(graph, checkpoints, client, lapse_s=0)
        assert resumer.run_once() == []
        still.kill()
        still.wait(30)
        assert states(resumer) == [["done"]]


def test_a_client_of_a_server_is_refused_at_once(effects: Effects) -> None:
    with signoff.connect("http://127.0.0.1:9", actor="robot") as client:
        with pytest.raises(InvalidInputError) as refusal:
            Resumer(deploy_graph(client, effects).compile(), None, client)
        assert refusal.value.code == "ledger-needed"
        with pytest.raises(InvalidInputError) as refusal:
            deploy_graph(client, effects).compile().invoke({})
        assert refusal.value.code == "ledger-needed"


def _at_once(races: Sequence[Any]) -> None:
    errors: list[Exception] = []

    def run(race: Any) -> None:
        try:
            race()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(race,)) for race in races]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
