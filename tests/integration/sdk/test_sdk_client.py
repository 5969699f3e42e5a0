"""What programs are written with."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from risk_table import ROWS
from sdk_places import settings_of

import signoff
from signoff.bootstrap.world import open_world
from signoff.errors import InvalidInputError, NotFoundError
from signoff.sdk.client import Client
from signoff.settings import Settings

TWO_PEOPLE = {"needs": [{"any_of": ["*"], "count": 2}]}


@pytest.fixture
def client(place: Settings) -> Iterator[Client]:
    with Client(place, actor="ada") as client:
        yield client


def test_a_program_opens_a_gate_and_gets_the_receipt_of_the_answer(client: Client) -> None:
    gate = client.open_gate("deploy-42", "go-live", "Deploy 1.4?", body="# why", payload={"version": "1.4"})
    assert (gate.state, gate.receipt, gate.key, gate.title) == ("PENDING", None, "go-live", "Deploy 1.4?")
    said = client.reply("deploy-42", "go-live", "yes", rationale="read", prompt_digest=gate.prompt_digest)
    receipt = gate.wait(30)
    assert receipt == said == gate.receipt
    assert receipt.is_approved
    assert (receipt.decision, receipt.effect, receipt.actor, receipt.state) == ("yes", "approve", "ada", "RECEIVED")
    assert receipt.prompt_digest == gate.prompt_digest


def test_a_refusal_is_a_receipt_too(client: Client) -> None:
    gate = client.open_gate("deploy-42", "go-live", "Deploy 1.4?")
    client.reply("deploy-42", "go-live", "no")
    assert not gate.wait(30).is_approved


def test_a_choice_lets_through_by_its_effect_and_not_by_its_name(client: Client) -> None:
    choices = [
        {"key": "no", "label": "No objection", "effect": "approve"},
        {"key": "yes", "label": "Yes, I object", "effect": "reject"},
    ]
    client.open_gate("deploy-42", "a", "Objections?", choices=choices)
    client.open_gate("deploy-42", "b", "Objections?", choices=choices)
    assert client.reply("deploy-42", "a", "no").is_approved
    assert not client.reply("deploy-42", "b", "yes").is_approved


def test_an_approval_below_the_threshold_is_not_yet_one(client: Client) -> None:
    gate = client.open_gate("deploy-42", "go-live", "Deploy?", requirement=TWO_PEOPLE)
    said = client.reply("deploy-42", "go-live", "yes")
    assert (said.state, said.is_approved, dict(said.remaining)) == ("PENDING", False, {"*": 1})
    with pytest.raises(TimeoutError):
        gate.wait(0)


def test_everything_a_person_may_be_asked_for_can_be_answered(client: Client) -> None:
    client.open_gate(
        "deploy-42",
        "go-live",
        " Deploy? ",
        checklist=({"category": "Tests", "items": ({"id": "green", "text": "All green", "checked": False},)},),
        form=[{"k": "window", "t": "str"}],
        evidence=({"title": "log", "uri": "log.txt"},),
        requirement={"needs": ({"any_of": ("*",), "count": 1},), "allItems": True},
        risk_level="high",
        requested_by="ci",
        on_decision={"kind": "none"},
    )
    with pytest.raises(InvalidInputError):
        client.reply("deploy-42", "go-live", "yes")
    said = client.reply(
        "deploy-42",
        "go-live",
        "yes",
        conditions=["only tonight"],
        checklist={"green": True},
        fields={"window": "20:00"},
    )
    assert said.is_approved
    decision = client.gate("deploy-42", "go-live").view["decision"]
    assert decision["payload"] == {"conditions": ["only tonight"]}


def test_the_same_answer_again_gets_the_same_receipt(client: Client) -> None:
    client.open_gate("deploy-42", "go-live", "Deploy?")
    first = client.reply("deploy-42", "go-live", "yes", rationale="read")
    assert client.reply("deploy-42", "go-live", "yes", rationale="read") == first


def test_another_answer_is_told_who_was_first(client: Client) -> None:
    client.open_gate("deploy-42", "go-live", "Deploy?")
    client.reply("deploy-42", "go-live", "yes")
    with pytest.raises(signoff.GateDecidedError) as refused:
        client.reply("deploy-42", "go-live", "no")
    assert refused.value.receipt is not None
    assert refused.value.receipt["actor"] == "ada"


def test_waiting_ends_with_the_time_that_was_given_and_leaves_the_gate_open(client: Client) -> None:
    gate = client.open_gate("deploy-42", "go-live", "Deploy?")
    with pytest.raises(TimeoutError) as over:
        gate.wait(0.1)
    assert not isinstance(over.value, signoff.SignoffError)
    assert gate.refresh().state == "PENDING"


def test_a_decision_is_heard_by_who_waits_without_a_limit(client: Client, place: Settings) -> None:
    gate = client.open_gate("deploy-42", "go-live", "Deploy?")
    heard: list[signoff.Receipt] = []
    waiting = threading.Thread(target=lambda: heard.append(gate.wait()))
    waiting.start()
    with Client(place, actor="bob") as other:
        other.reply("deploy-42", "go-live", "yes")
    waiting.join(60)
    assert heard[0].actor == "bob"


def test_all_gates_are_listed_however_many_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signoff.sdk.client.PAGE", 2)
    for number in range(5):
        client.open_gate("deploy-42", f"gate-{number}", "Deploy?")
    client.reply("deploy-42", "gate-1", "yes")
    assert sorted(gate.key for gate in client.gates()) == ["gate-0", "gate-2", "gate-3", "gate-4"]
    assert len(list(client.gates(state=None))) == 5


def test_a_task_is_assessed_without_anything_being_written(client: Client) -> None:
    assert [(task, client.assess(task)["risk_level"]) for task, _ in ROWS] == list(ROWS)
    asked = client.assess({"operation": "delete", "environment": "production", "target_branch": None})
    assert (asked["risk_level"], asked["auto_approve"], asked["requirement"]["notRequester"]) == (
        "critical",
        False,
        True,
    )
    with pytest.raises(InvalidInputError) as refused:
        client.assess({"operation": "deploy", "estimated_cost": -1})
    assert refused.value.code == "invalid-task"
    assert list(client.gates(state=None)) == []


def test_a_gate_that_is_not_there_is_an_error(client: Client) -> None:
    with pytest.raises(NotFoundError):
        client.gate("deploy-42", "go-live")


def test_a_deadline_ends_the_gate_although_nothing_else_runs(signoff_dir: Path) -> None:
    with signoff.connect(dir=signoff_dir) as client:
        gate = client.open_gate("deploy-42", "go-live", "Deploy?", ttl_s=1)
        with pytest.raises(signoff.GateTimedOutError) as ended:
            gate.wait(30)
        again = client.open_gate("deploy-42", "go-live", "Deploy?", ttl_s=1)
    assert gate.state == again.state == "TIMED_OUT"
    assert ended.value.receipt is not None
    assert ended.value.receipt["state"] == "TIMED_OUT"
    assert again.receipt is not None
    assert (again.receipt.decision, again.receipt.is_approved) == (None, False)


def test_a_cancelled_gate_is_not_waited_for(signoff_dir: Path) -> None:
    from signoff.app.settle_gate import cancel_gate

    with signoff.connect(dir=signoff_dir) as client:
        gate = client.open_gate("deploy-42", "go-live", "Deploy?")
        with open_world(settings_of(signoff_dir)) as world, world.ledger.write("deploy-42", "cancel_run") as tx:
            found = tx.gate("deploy-42", "go-live")
            assert found is not None
            cancel_gate(tx, found, actor="bob", reason="over", now=world.clock())
        with pytest.raises(signoff.GateCancelledError) as ended:
            gate.wait()
    assert ended.value.receipt is not None
    assert ended.value.receipt["actor"] == "bob"


def test_a_program_that_starts_again_finds_its_gate_and_then_its_receipt(signoff_dir: Path) -> None:
    with signoff.connect(dir=signoff_dir) as client:
        before = client.open_gate("deploy-42", "go-live", "Deploy?")
    with signoff.connect(dir=signoff_dir) as client:
        again = client.open_gate("deploy-42", "go-live", "Deploy?")
        assert again.view == before.view
        client.reply("deploy-42", "go-live", "yes")
    with signoff.connect(dir=signoff_dir) as client:
        assert client.open_gate("deploy-42", "go-live", "Deploy?").wait(0).is_approved


def test_a_ledger_that_is_named_goes_before_a_server_in_the_environment(
    signoff_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNOFF_URL", "http://127.0.0.1:1")
    with signoff.connect(dir=signoff_dir) as client:
        assert list(client.gates()) == []


def test_without_anything_named_the_ledger_is_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SIGNOFF_URL", "SIGNOFF_DIR", "SIGNOFF_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with signoff.connect() as client:
        assert list(client.gates()) == []
    assert (tmp_path / ".signoff" / "app.db").exists()


def test_a_receipt_cannot_be_changed(client: Client) -> None:
    client.open_gate("deploy-42", "go-live", "Deploy?")
    receipt = client.reply("deploy-42", "go-live", "no")
    with pytest.raises(dataclasses.FrozenInstanceError):
        receipt.effect = "approve"  # type: ignore[misc]
