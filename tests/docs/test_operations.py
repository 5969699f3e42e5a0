"""What operators are told to watch and to run: rules over metrics that there are, commands that do what they say."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from processes import Place
from ruamel.yaml import YAML

from signoff.ledger.embedded_postgres import find_binaries
from signoff.telemetry.table import METRICS, Metric

from .pages import fences_of
from .source import ROOT

HOW_TO = ROOT / "docs" / "how-to"
EXAMPLES = ROOT / "examples" / "prometheus"
GUIDE = (HOW_TO / "operate-monitoring.md").read_text("utf-8")
_SELECTED = re.compile(r"\b(signoff_[a-z_]+)(?:\{([^}]*)\})?")
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def series() -> dict[str, Metric]:
    """Every name under which a query may ask, with the metric that it is of."""
    return {f"{metric.name}{suffix}": metric for metric in METRICS.values() for suffix in _SUFFIXES[metric.kind]}


def rules() -> list[Any]:
    document = YAML(typ="safe").load(EXAMPLES / "signoff-alerts.yaml")
    return [rule for group in document["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    shown = re.findall(r"`([^`]*signoff_[a-z]+_[^`]*)`", GUIDE)
    return [rule["expr"] for rule in rules()] + [one for one in shown if "*" not in one and "(" in one]


@pytest.mark.parametrize("query", queries())
def test_every_query_asks_for_series_and_labels_that_there_are(query: str) -> None:
    known = series()
    asked = _SELECTED.findall(query)
    assert asked or query.startswith("up{")
    for name, selectors in asked:
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selectors))
        assert labels <= {*known[name].labels, "le"}, query
    of = [known[name] for name, _ in asked]
    for grouped in re.findall(r"\bby \(([^)]*)\)", query):
        assert set(re.split(r",\s*", grouped)) <= {label for metric in of for label in metric.labels} | {"le"}, query
    pairs = {"(": ")", "{": "}", "[": "]"}
    assert [query.count(one) for one in pairs] == [query.count(other) for other in pairs.values()]


def test_figures_of_the_ledger_are_never_added_up_over_apis() -> None:
    added = [q for q in queries() for name in re.findall(r"\bsum\b[^(]*\((?:\w+\()?(signoff_\w+)", q)
             if series()[name].teller == "ledger"]  # fmt: skip
    assert added == []


def test_every_alert_says_what_it_means_and_the_guide_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert names == re.findall(r"^### (Signoff\w+)$", GUIDE, re.MULTILINE)
    assert all(rule["labels"]["severity"] and rule["annotations"]["summary"] for rule in rules())


def test_the_jobs_of_the_example_ask_where_metrics_are() -> None:
    document = YAML(typ="safe").load(EXAMPLES / "prometheus.yaml")
    assert [job["job_name"] for job in document["scrape_configs"]] == ["signoff-api", "signoff-worker"]
    assert document["rule_files"] == ["signoff-alerts.yaml"]
    ports = [target for job in document["scrape_configs"] for one in job["static_configs"] for target in one["targets"]]
    assert all(port.rpartition(":")[2] in GUIDE for port in ports)


def test_a_dump_of_postgres_is_restored_by_the_commands_of_the_guide(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    page = (HOW_TO / "back-up-and-verify.md").read_text("utf-8")
    [dump, restore] = [
        body for language, body in fences_of(page) if language == "sh" and body.startswith(("pg_", "cr"))
    ]
    url, other = new_database(), f"{urlsplit(new_database()).path.lstrip('/')}_restored"
    place = Place(tmp_path / ".signoff", url)
    with place.start("up") as server:
        waiting = server.new_run("outlive it")
        gate_key = server.open_gate(waiting)
        _run(dump, url, tmp_path, signoff=urlsplit(url).path.lstrip("/"))
    _run(restore, url, tmp_path, signoff_restored=other)
    restored = Place(place.directory, urlsplit(url)._replace(path=f"/{other}").geturl())
    try:
        restored.check()
        with restored.start("up") as server:
            server.reply(waiting, gate_key, "yes", "k-1")
            assert server.ended(waiting)["status"] == "SUCCESS"
    finally:
        _run(f"dropdb --force {other}", url, tmp_path)


def _run(commands: str, url: str, folder: Path, **names: str) -> None:
    """As the guide shows them, on databases of other names."""
    for shown, real in names.items():
        commands = re.sub(rf"(?<![\w.])(?<!--file=){shown}(?![\w.])", real, commands)
    parts = urlsplit(url)
    where = {"PGHOST": parts.hostname, "PGPORT": parts.port, "PGUSER": parts.username, "PGPASSWORD": parts.password}
    environ = {name: str(value) for name, value in where.items() if value is not None}
    path = f"{find_binaries()}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", commands], cwd=folder, env={**environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
