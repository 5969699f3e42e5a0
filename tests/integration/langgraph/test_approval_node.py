"""The node that asks whoever the risk policy says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from graph_places import Effects, Place, Saver, State, answer, config_of, states
from langgraph.graph import START, StateGraph
from processes import until

import signoff
from signoff.errors import PolicyError
from signoff.langgraph import Resumer, approval_node
from signoff.settings.policy_files import load_policy

LOW = {"operation": "read", "description": "Read the log"}
HIGH = {"operation": "deploy", "environment": "production", "description": "Deploy 1.4"}


def graph_of(client: signoff.Client, effects: Effects, **more: Any) -> StateGraph[State]:
    def execute(state: State) -> State:
        if state["approved"]:
            effects()
        return {}

    builder = StateGraph(State).add_node("approve", approval_node(client, **more)).add_node("execute", execute)
    return builder.add_edge(START, "approve").add_edge("approve", "execute")


def test_what_the_policy_approves_by_itself_goes_on_at_once_and_is_recorded(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = graph_of(client, effects).compile(checkpointer=checkpoints)
    end = graph.invoke({"task": LOW}, config_of())
    assert "__interrupt__" not in end
    assert end["risk"] == {"risk_level": "low", "risk_score": 0, "reasons": []}
    assert (end["approved"], end["receipt"]["actor"], effects.count) == (True, "policy:low", 1)
    (opened,) = client.gates(state=None)
    assert (opened.state, opened.view["prompt"]["payload"]) == ("RECEIVED", LOW)
    assert Resumer(graph, checkpoints, client).run_once() == []
    place.check(client)


def test_what_is_risky_waits_for_those_whom_its_level_names(
    place: Place, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    graph = graph_of(client, effects, requested_by=lambda state: "deploy-bot").compile(checkpointer=checkpoints)
    graph.invoke({"task": HIGH}, config_of())
    (opened,) = client.gates()
    view = opened.view
    assert (view["riskLevel"], view["requestedBy"], view["prompt"]["payload"]) == ("high", "deploy-bot", HIGH)
    assert view["requirement"]["notRequester"]
    assert effects.count == 0
    resumer = Resumer(graph, checkpoints, client)
    for name in ("ada", "bob", "cyd"):
        with place.connect(name) as person:
            receipt = person.reply("t-1", opened.key, "yes", rationale="looked at it")
        if receipt.is_approved:
            break
        assert resumer.run_once() == []
    assert states(resumer) == [["done"]]
    end = graph.get_state(config_of()).values
    assert end["approved"] is True
    assert end["receipt"]["interaction_id"] == receipt.interaction_id
    assert end["risk"]["risk_level"] == "high"
    assert end["risk"]["reasons"][0]["rule"]
    assert effects.count == 1
    place.check(client)


def test_what_was_refused_is_not_done(client: signoff.Client, checkpoints: Saver, effects: Effects) -> None:
    graph = graph_of(client, effects).compile(checkpointer=checkpoints)
    graph.invoke({"task": HIGH}, config_of())
    answer(client, "no")
    assert states(Resumer(graph, checkpoints, client)) == [["done"]]
    end = graph.get_state(config_of()).values
    assert (end["approved"], end["receipt"]["decision"], effects.count) == (False, "no", 0)


def test_a_policy_of_ones_own_and_a_state_of_ones_own(
    tmp_path: Path, client: signoff.Client, checkpoints: Saver, effects: Effects
) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "rules.yaml").write_text(
        "rules:\n  - name: reads-of-logs\n    when: {operation: read}\n    level: high\n    because: Logs hold names.\n"
    )

    def describe(state: State) -> Mapping[str, Any]:
        return {"operation": state["state"]}

    for n, policy in enumerate((folder, str(folder), load_policy(folder))):
        graph = graph_of(client, effects, policy=policy, describe=describe, key="look").compile(
            checkpointer=checkpoints
        )
        graph.invoke({"state": "read"}, config_of(f"t-{n}"))
    asked = list(client.gates())
    assert [one.view["riskLevel"] for one in asked] == ["high"] * 3
    assert all(one.key.startswith("look-") for one in asked)


def test_a_policy_that_cannot_be_taken_is_refused_when_the_graph_is_built(
    tmp_path: Path, client: signoff.Client
) -> None:
    with pytest.raises(PolicyError):
        approval_node(client, policy=tmp_path / "nowhere")


def test_a_policy_that_changes_while_people_are_asked_strands_nobody(
    client: signoff.Client, checkpoints: Saver, effects: Effects, tmp_path: Path
) -> None:
    graph_of(client, effects).compile(checkpointer=checkpoints).invoke({"task": HIGH}, config_of())
    (tmp_path / "rules.yaml").write_text("rules: []\n")
    now = graph_of(client, effects, policy=tmp_path).compile(checkpointer=checkpoints)
    answer(client, "no")
    assert until(lambda: states(Resumer(now, checkpoints, client)), "the resume") == [["done"]]
    assert now.get_state(config_of()).values["risk"]["risk_level"] == "high"
