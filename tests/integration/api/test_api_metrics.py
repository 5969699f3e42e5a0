"""GET /metrics: for anybody while the API is open, for whoever is signed in later."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from anyio.from_thread import start_blocking_portal
from api_world import Api
from prometheus_client.core import Metric as Family
from prometheus_client.openmetrics import parser as open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse

from signoff.api.server import create_app
from signoff.app.add_principal import add_principal
from signoff.app.create_token import create_token
from signoff.app.spans import watched_by
from signoff.app.world import World
from signoff.telemetry.metrics import API, Metrics
from signoff.telemetry.table import METRICS

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def counting_api(world: World) -> Iterator[Api]:
    """As a server has it: its metrics watch the process."""
    metrics = Metrics(world, version="0.1.0", tellers=API)
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1", metrics=metrics)
    with (
        watched_by(metrics.process),
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        yield Api(app, portal)


def parse_open_metrics(text: str) -> list[Family]:
    read: Callable[[str], Iterator[Family]] = open_metrics.text_string_to_metric_families
    return list(read(text))


def requests_of(api: Api) -> dict[tuple[str, str, str], float]:
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in parse(api.get("/metrics").text)
        for sample in family.samples
        if sample.name == "signoff_http_request_seconds_count"
    }


def test_both_formats_tell_every_metric_of_an_api_under_its_kind_and_labels(counting_api: Api) -> None:
    counting_api.open_gate()
    counting_api.reply("maybe")
    plain = counting_api.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert plain.headers["cache-control"] == "no-store"
    opened = counting_api.get("/metrics", headers={"accept": OPEN_METRICS})
    assert opened.headers["content-type"].startswith(OPEN_METRICS)
    for families in (list(parse(plain.text)), parse_open_metrics(opened.text)):
        told = {family.name: family for family in families if family.name.startswith("signoff_")}
        promised = {
            name: metric for name, metric in METRICS.items() if metric.teller != "worker" and "pool" not in name
        }
        assert set(told) == set(promised)
        for name, metric in promised.items():
            assert (told[name].type, told[name].documentation) == (metric.kind, metric.help)
            for sample in told[name].samples:
                assert set(sample.labels) - {"le"} == set(metric.labels), name
    assert 'signoff_refusals_total{code="bad-choice"} 1.0' in plain.text


def test_requests_are_told_by_the_template_of_their_route_whatever_was_asked_for(counting_api: Api) -> None:
    counting_api.open_gate()
    counting_api.get("/api/runs/deploy-1/gates/go-live")
    counting_api.get("/secret-path-of-ada")
    counting_api.send("BREW", "/api/gates")
    counting_api.get("/healthz", headers={"host": "elsewhere.example"})
    counted = requests_of(counting_api)
    assert counted == {
        ("POST", "/api/gates", "201"): 1,
        ("GET", "/api/runs/{workflowId}/gates/{gateKey}", "200"): 1,
        ("GET", "none", "404"): 1,
        ("other", "/api/gates", "405"): 1,
        ("GET", "none", "400"): 1,
    }
    assert requests_of(counting_api)["GET", "/metrics", "200"] == 1


def test_once_a_token_was_issued_metrics_need_one_and_a_role_does_not_matter(counting_api: Api, world: World) -> None:
    assert counting_api.get("/metrics").status_code == 200
    add_principal(world, name="prometheus", actor="ada", is_service=True)
    _, token = create_token(world, name="prometheus", actor="ada")
    refused = counting_api.get("/metrics")
    assert (refused.status_code, refused.json()["code"]) == (401, "not-signed-in")
    assert counting_api.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert counting_api.get("/metrics", headers={"authorization": f"Bearer {token}"}).status_code == 200
