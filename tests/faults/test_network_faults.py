"""What goes wrong between a process and its Postgres: connections break, answers are lost, nothing comes back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from answering import Answering, answers_in, check_refused, check_said_in_one_line, open_gates
from processes import Place, Server, until
from tcp_proxy import Side, TcpProxy

CANNOT = "The Postgres ledger cannot be used: "
UNKNOWN = "The connection to the Postgres ledger was lost while it was written to "
GATES = 8


@pytest.fixture(scope="module")
def proxy(module_url: str) -> Iterator[TcpProxy]:
    proxy = TcpProxy(module_url)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def place(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """As it is seen by whoever looks without the network between."""
    return Place(tmp_path_factory.mktemp("place") / ".signoff", module_url)


@pytest.fixture(scope="module")
def far_place(place: Place, proxy: TcpProxy) -> Place:
    return Place(place.directory, proxy.url)


@pytest.fixture(scope="module")
def server(place: Place, far_place: Place) -> Iterator[Server]:
    """API and worker: the same from the first test to the last, and they end as they should."""
    with far_place.start("up") as server:
        yield server
        assert server.stop() == 0
    place.check_by_command()


@pytest.mark.parametrize("side", ["request", "answer"])
def test_who_was_cut_off_at_the_commit_is_told_so_and_hears_the_truth_when_they_ask_again(
    server: Server, place: Place, proxy: TcpProxy, side: Side
) -> None:
    """The COMMIT is lost, and nothing is written; or its answer is, and all of it is."""
    [(workflow_id, key)] = open_gates(server, 1)
    dedupe_key = f"lost-{side}-{workflow_id}"
    proxy.lose(dedupe_key, side)
    told = server.reply(workflow_id, key, "yes", dedupe_key)
    assert proxy.lost.is_set()
    assert check_refused(told) == "outcome-unknown"
    assert "may be written or not" in told.json()["error"]
    is_written = side == "answer"
    assert answers_in(place, workflow_id) == [dedupe_key] * is_written
    again = server.reply(workflow_id, key, "yes", dedupe_key)
    assert (again.status_code, again.json()["isReplay"]) == (200, is_written)
    other = server.reply(workflow_id, key, "no", "somebody else")
    assert (other.status_code, other.json()["code"]) == (409, "gate-decided")
    assert other.json()["receipt"] == again.json()["receipt"]
    assert answers_in(place, workflow_id) == [dedupe_key]


def test_a_command_that_was_cut_off_at_the_commit_finds_its_receipt_when_it_is_typed_again(
    server: Server, place: Place, far_place: Place, proxy: TcpProxy
) -> None:
    [(workflow_id, key)] = open_gates(server, 1)
    answer = ("gate", "approve", workflow_id, key, "--dedupe-key", f"typed-{workflow_id}")
    proxy.lose(f"typed-{workflow_id}", "answer")
    check_said_in_one_line(far_place.command(*answer), UNKNOWN)
    assert answers_in(place, workflow_id) == [f"typed-{workflow_id}"]
    again = far_place.command(*answer)
    assert again.code == 0, again
    assert answers_in(place, workflow_id) == [f"typed-{workflow_id}"]


def test_connections_that_break_again_and_again_cost_no_answer_and_double_none(
    server: Server, place: Place, proxy: TcpProxy
) -> None:
    workflow_id = server.new_run("goes on over a bad line")
    gate_key = server.open_gate(workflow_id)
    gates = open_gates(server, GATES)
    proxy.delay_s = 0.002
    with Answering(server, gates) as answering:
        for taken in range(1, GATES, 2):
            until(partial(answering.has_taken, taken), "an answer")
            proxy.cut()
    proxy.delay_s = 0.0
    assert sorted(answers_in(place, gates[0][0])) == sorted(answering.taken)
    assert server.reply(workflow_id, gate_key, "yes", "go").status_code == 200
    assert server.ended(workflow_id)["status"] == "SUCCESS"
    place.check()


def test_nobody_waits_without_end_for_a_server_that_says_nothing(
    server: Server, place: Place, far_place: Place, proxy: TcpProxy
) -> None:
    workflow_id = server.new_run("goes on after the silence")
    gate_key = server.open_gate(workflow_id)
    [(other, key)] = open_gates(server, 1)
    with proxy.silence():
        told = server.reply(other, key, "yes", "into the void")
        assert check_refused(told) in ("ledger-unavailable", "outcome-unknown")
        check_refused(server.client.get("/healthz"))
        check_said_in_one_line(far_place.command("gate", "list"), CANNOT)
        assert answers_in(place, other) == []
    until(lambda: server.client.get("/healthz").status_code == 200, "the ledger to be back")
    with Answering(server, [(other, key)]):
        pass
    assert server.reply(workflow_id, gate_key, "yes", "go").status_code == 200
    assert server.ended(workflow_id)["status"] == "SUCCESS"
    place.check()


def test_a_process_that_is_told_to_end_while_nobody_can_connect_ends(
    far_place: Place, proxy: TcpProxy, tmp_path: Path
) -> None:
    away = Place(tmp_path / ".signoff", proxy.url)
    with away.start("up") as server:
        workflow_id = server.new_run("is in the middle of it")
        with proxy.refuse():
            check_refused(server.client.get("/healthz"))
            check_said_in_one_line(far_place.command("gate", "list"), CANNOT)
            assert server.stop() == 0
    with away.start("up") as server:
        assert server.open_gate(workflow_id)
