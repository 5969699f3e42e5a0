"""A server that is watched over: its metrics at both ports, and its traces at a collector of OpenTelemetry."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from processes import Place
from receivers import Call, receive
from telemetry_world import Scrape

from signoff.app.add_principal import add_principal
from signoff.app.create_token import create_token

TRACE = "0af7651916cd43dd8448eb211c80319c"
#: Set by nobody here: a package of that name is found nowhere.
WITHOUT_EXTRA = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name.startswith("opentelemetry") else find(name, *rest)
from signoff.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def place(signoff_dir: Path) -> Place:
    return Place(signoff_dir)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def spans_in(calls: list[Call]) -> dict[str, Span]:
    told = [ExportTraceServiceRequest.FromString(call.body) for call in calls if call.path == "/v1/traces"]
    return {
        one.name: one for request in told for of in request.resource_spans for scope in of.scope_spans
        for one in scope.spans
    }  # fmt: skip


def scraped(url: str) -> Scrape:
    answer = httpx.get(f"{url}/metrics", timeout=60)
    assert answer.status_code == 200, answer.text
    return Scrape(answer.text)


def test_a_run_is_followed_from_a_request_through_the_decision_into_its_legs(place: Place, free_port: int) -> None:
    admin = f"http://127.0.0.1:{free_port}"
    with receive() as collector:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "SIGNOFF_ADMIN_PORT": str(free_port)}
        with place.start("up", "--tracing", environ=environ) as server:
            workflow_id = server.new_run("be watched")
            gate_key = server.open_gate(workflow_id)
            server.client.headers["traceparent"] = f"00-{TRACE}-b7ad6b7169203331-01"
            server.reply(workflow_id, gate_key, "yes", "k-1")
            del server.client.headers["traceparent"]
            assert server.ended(workflow_id)["status"] == "SUCCESS"
            of_worker, of_api = scraped(admin), scraped(str(server.url))
            assert httpx.get(f"{admin}/elsewhere", timeout=60).status_code == 404
            assert server.stop() == 0
        spans = spans_in(collector.calls)
    for told in (of_worker, of_api):
        assert told.value("signoff_relayed_total", kind="continue", outcome="done") == 2
        assert told.value("signoff_workers_alive") == 1
    names = (
        "POST /api/runs/{workflowId}/gates/{gateKey}/reply", "use case reply", "write reply", "relay continue", "leg",
        "write pass_gate", "task", "step execute",
    )  # fmt: skip
    assert {name: spans[name].trace_id.hex() for name in names} == dict.fromkeys(names, TRACE)
    assert spans["leg"].parent_span_id == spans["write reply"].span_id
    assert workflow_id not in str(spans), "ids are nobody's labels"


def test_the_metrics_of_a_worker_are_for_those_who_sign_in_and_a_collector_that_is_down_holds_up_no_end(
    place: Place, free_port: int
) -> None:
    admin = f"http://127.0.0.1:{free_port}"
    environ = {"SIGNOFF_ADMIN_PORT": str(free_port), "OTEL_EXPORTER_OTLP_ENDPOINT": f"{admin}/nobody-listens"}
    with place.start("worker", "--migrate", "--tracing", environ=environ) as worker:
        told = scraped(admin)
        assert told.value("signoff_legs_running") == 0
        assert {"signoff_http_request_seconds", "signoff_gates_open"} & set(told.families) == set()
        with place.world() as world:
            add_principal(world, name="prometheus", actor="ada", is_service=True)
            _, token = create_token(world, name="prometheus", actor="ada")
        assert httpx.get(f"{admin}/metrics", timeout=60).status_code == 401
        bearer = {"authorization": f"Bearer {token}"}
        assert httpx.get(f"{admin}/metrics", headers=bearer, timeout=60).status_code == 200
        assert httpx.get(f"{admin}/healthz", timeout=60).json()["ok"] is True
        assert worker.stop() == 0


def test_traces_without_their_extra_are_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    words = ["api", "--migrate", "--port", "0", "--tracing", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done
    assert '"code": "missing-program"' in done.stdout
    assert "pip install 'signoff[otel]'" in done.stdout
