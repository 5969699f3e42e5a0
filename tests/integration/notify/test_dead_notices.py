"""A worker whose notify file names somebody in vain works all the same, and says so in its log."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from signoff.bootstrap.worker import make_worker
from signoff.bootstrap.world import open_world
from signoff.settings import load

FILE = """\
channels:
  log: {kind: console}
  hooks: {kind: webhook, secret: "${HOOK}"}
routes:
  - roles: [team_lead, team_laed]
    to:
      log: info
      hooks: ["http://127.0.0.1:8751/", "http://evil.example/"]
"""


def test_a_worker_warns_of_what_reaches_nobody_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOOK", "correct horse battery staple")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notify.yaml").write_text(FILE, "utf-8")
    settings = load({}, {}, cwd=tmp_path)
    with open_world(settings) as world, caplog.at_level(logging.WARNING, "signoff"):
        make_worker(settings, world)
    assert [message.partition(", which")[0] for message in caplog.messages] == [
        "notify.yaml:5: found the role 'team_laed'",
        "notify.yaml:8: found the URL 'http://evil.example/'",
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}
