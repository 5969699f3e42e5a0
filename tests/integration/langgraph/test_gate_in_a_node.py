"""A gate in a node: what stops, what goes on, and what is not believed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from graph_places import Effects, Place, Saver, State, answer, by_hand, config_of, deploy_graph, states
from langgraph.graph import START, StateGraph
from processes import until

import signoff
import signoff.langgraph
from signoff.errors import ConflictError, InvalidInputError
from signoff.langgraph import Resumer, gate
from signoff.langgraph.place import place_of, workflow_id_of


def test_a_node_that_asks_stops_its_thread_and_shows_which_gate_it_waits_for(
    client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    seen = graph.invoke({"task": {"version": "1.4"}}, config_of())
    (opened,) = client.gates()
    assert (opened.workflow_id, opened.title, opened.state) == ("t-1", "Deploy 1.4?", "PENDING")
    assert opened.view["prompt"]["payload"] == {"version": "1.4"}
    (waiting,) = seen["__interrupt__"]
    assert waiting.value["signoff"] == {
        "workflowId": "t-1",
        "gateKey": opened.key,
        "title": "Deploy 1.4?",
        "promptDigest": opened.prompt_digest,
    }
    assert effects.count == 0


@pytest.mark.parametrize(("choice", "count"), [("yes", 1), ("no", 0)])
def test_the_node_gets_the_receipt_that_the_ledger_has(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects, choice: str, count: int
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    answer(client, choice)
    assert states(Resumer(graph, checkpoints, client)) == [["done"]]
    assert graph.get_state(config_of()).values["approved"] is (choice == "yes")
    assert effects.count == count
    place.check(client)


def test_what_a_thread_is_resumed_with_is_not_believed(
    client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    for forged in ("yes", {"approved": True}, "decided"):
        assert graph.invoke(by_hand(forged), config_of())["__interrupt__"]
    answer(client, "no")
    assert graph.invoke(by_hand("yes"), config_of())["__interrupt__"]
    assert states(Resumer(graph, checkpoints, client)) == [["done"]]
    assert graph.get_state(config_of()).values["approved"] is False
    assert effects.count == 0
    assert len(list(client.gates(state=None))) == 1


def test_a_decided_gate_lets_nobody_through_but_who_has_the_claim(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    answer(client)
    for _ in range(3):
        graph.invoke(by_hand(), config_of())
    assert (effects.count, place.passes()) == (0, 0)
    assert states(Resumer(graph, checkpoints, client)) == [["done"]]
    assert (effects.count, place.passes()) == (1, 1)


def test_a_node_in_a_loop_asks_afresh_each_time(client: signoff.Client, checkpoints: Saver) -> None:
    rounds: list[str] = []

    def ask(state: State) -> State:
        receipt = gate(client, "again", "Good enough?")
        rounds.append(str(receipt.decision))
        return {"approved": receipt.is_approved}

    builder = StateGraph(State)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_conditional_edges("ask", lambda state: "__end__" if state["approved"] else "ask")
    graph = builder.compile(checkpointer=checkpoints)
    resumer = Resumer(graph, checkpoints, client)
    graph.invoke({}, config_of())
    for choice in ("no", "no", "yes"):
        answer(client, choice)
        assert states(resumer) == [["done"]]
    assert rounds == ["no", "no", "yes"]
    assert len({one.key for one in client.gates(state=None)}) == 3


def test_two_gates_in_one_node_are_asked_one_after_the_other(
    client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    def ask(state: State) -> State:
        first, second = (gate(client, key, f"{key}?") for key in ("plan", "ship"))
        if first.is_approved and second.is_approved:
            effects()
        return {}

    graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile(checkpointer=checkpoints)
    resumer = Resumer(graph, checkpoints, client)
    graph.invoke({}, config_of())
    answer(client)
    assert states(resumer) == [["done"]]
    assert [one.title for one in client.gates()] == ["ship?"]
    answer(client)
    # The node is run from its beginning: the first gate must let it through again.
    assert states(resumer) == [["done"]]
    assert effects.count == 1


def test_gates_of_nodes_side_by_side_are_answered_in_any_order(
    client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    builder = StateGraph(State)
    for name in ("left", "right"):

        def ask(state: State, name: str = name) -> State:
            gate(client, name, f"{name}?")
            effects(name)
            return {}

        builder.add_node(name, ask)
        builder.add_edge(START, name)
    graph = builder.compile(checkpointer=checkpoints)
    resumer = Resumer(graph, checkpoints, client)
    graph.invoke({}, config_of())
    by_title = {one.title: one for one in client.gates()}
    for title in ("right?", "left?"):
        client.reply("t-1", by_title[title].key, "yes")
        assert states(resumer) == [["done"]]
    assert effects.done == ["right", "left"]
    assert graph.get_state(config_of()).next == ()


def test_a_gate_in_a_subgraph_stops_and_resumes_the_whole_thread(
    client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    inner = deploy_graph(client, effects).compile()
    graph = StateGraph(State).add_node("inner", inner).add_edge(START, "inner").compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    answer(client)
    assert states(Resumer(graph, checkpoints, client)) == [["done"]]
    assert effects.count == 1


def test_nobody_in_time_is_a_receipt_that_approves_nothing(
    client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = deploy_graph(client, effects, ttl_s=1).compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    resumer = Resumer(graph, checkpoints, client)
    assert until(lambda: states(resumer), "the deadline to pass") == [["done"]]
    assert graph.get_state(config_of()).values == {"approved": False, "state": "TIMED_OUT"}


def test_another_payload_at_the_same_place_is_refused(client: signoff.Client, checkpoints: Saver) -> None:
    versions = iter(["1.4", "1.5", "1.4"])
    through: list[bool] = []

    def ask(state: State) -> State:
        through.append(gate(client, "deploy", "Deploy?", payload={"version": next(versions)}).is_approved)
        return {}

    graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    answer(client)
    (resumed,) = Resumer(graph, checkpoints, client).run_once()
    assert list(resumed.states.values()) == ["due"]
    assert isinstance(resumed.error, ConflictError)
    assert resumed.error.code == "gate-exists"
    assert through == []


def test_other_words_for_the_same_payload_strand_nobody(client: signoff.Client, checkpoints: Saver) -> None:
    titles = iter(["Deploy?", "Deploy, please?"])
    said: list[str] = []

    def ask(state: State) -> State:
        said.append(gate(client, "deploy", next(titles), payload={"version": "1.4"}).prompt_digest)
        return {}

    graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile(checkpointer=checkpoints)
    graph.invoke({}, config_of())
    receipt = answer(client)
    assert states(Resumer(graph, checkpoints, client)) == [["done"]]
    assert said == [receipt.prompt_digest]


@pytest.mark.parametrize("thread_id", ["a b", "é", "x" * 201, "7"])
def test_any_thread_id_has_a_workflow_of_its_own(
    client: signoff.Client, checkpoints: Saver, effects: Effects, thread_id: str
) -> None:
    graph = deploy_graph(client, effects).compile(checkpointer=checkpoints)
    graph.invoke({}, config_of(thread_id))
    answer(client, thread_id=workflow_id_of(thread_id))
    assert states(Resumer(graph, checkpoints, client)) == [["done"]]
    assert effects.count == 1


def test_without_a_thread_nothing_is_asked(client: signoff.Client, effects: Effects) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        deploy_graph(client, effects).compile().invoke({})
    assert refusal.value.code == "thread-needed"
    assert list(client.gates(state=None)) == []
    with pytest.raises(InvalidInputError):
        place_of({})


def test_without_the_extra_it_is_said_what_to_install() -> None:
    program = "import sys; sys.modules['langgraph'] = None; import signoff; import signoff.langgraph"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("needs what is not installed: pip install 'signoff[langgraph]'\n")


def test_the_names_are_those_that_are_promised() -> None:
    assert signoff.langgraph.__all__ == ["Resumed", "Resumer", "agate", "approval_node", "gate"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "resume"},
        {"kind": "resume", "threadId": "t-1"},
        {"kind": "none", "threadId": "t-1", "checkpointId": "1"},
        {"kind": "resume", "threadId": "t-1", "checkpointId": "1", "url": "http://127.0.0.1/"},
    ],
)
def test_a_thread_that_nobody_could_resume_is_not_asked_for(client: signoff.Client, wanted: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        client.open_gate("t-1", "deploy", "Deploy?", on_decision=wanted)
    assert refusal.value.code == "invalid-on-decision"
