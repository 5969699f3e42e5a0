"""What is left of a gate's time is reckoned with the ledger's clock, by which its deadline passes."""

from __future__ import annotations

import json
from pathlib import Path

from cli_shell import Shell
from processes import Place

TASK = {"operation": "deploy", "environment": "production"}
DAY_S = 86_400


def place_with_gates(directory: Path) -> Shell:
    """A gate with ten days left, and a workflow with an hour."""
    shell = Shell(directory)
    shell.open_gate(ttl_s=10 * DAY_S)
    (directory / "task.json").write_text(json.dumps(TASK), "utf-8")
    shell.json("workflow", "request", "task.json", "--requested-by", "agent")
    return shell


def test_a_clock_that_was_moved_on_leaves_less_time_here_and_at_a_server(tmp_path: Path) -> None:
    shell = place_with_gates(tmp_path)
    with Place(tmp_path / ".signoff").start("api", "--dev") as server:
        assert shell.json("dev", "clock", "advance", "7d")["movedMs"] == 7 * DAY_S * 1_000
        for where in ((), ("--url", str(server.url))):
            [listed] = [line for line in shell("gate", "list", *where).out.splitlines() if "deploy-42" in line]
            assert listed.startswith("2 days ")
            assert "(2 days)" in shell("gate", "show", "deploy-42", "ship", *where).out
            assert "overdue" in shell("workflow", "list-pending", *where).out
        assert server.stop() == 0


def test_the_clock_goes_at_most_a_year_ahead(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with shell.world():
        (tmp_path / ".signoff" / "dev-clock").touch()
    assert shell.json("dev", "clock", "advance", "364d")["movedMs"] == 364 * DAY_S * 1_000
    refused = shell("dev", "clock", "advance", "2d", "--json")
    assert (refused.code, refused.document["code"]) == (2, "invalid-instant")
    assert "at most 365 days ahead in all" in refused.document["error"]
    assert shell.json("dev", "clock", "advance", "1d")["movedMs"] == 365 * DAY_S * 1_000
