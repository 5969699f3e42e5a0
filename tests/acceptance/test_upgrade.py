"""A run that waits at a gate goes on under the plan that its people saw, whatever the code has become."""

from __future__ import annotations

import shutil
from pathlib import Path

from processes import Place, Server

import signoff

#: The newer program's plans: another first step, another gate, and a step more at the end.
NEWER = {
    'StepNode("CompileST", "compile", "ask-user" if asks else "ApplyPatchST")': (
        'StepNode("DraftST", "compile", "CompileST"),\n'
        '            StepNode("CompileST", "compile", "ask-user" if asks else "ApplyPatchST")'
    ),
    'purpose="approve-plan"': 'purpose="approve-newer-plan"',
    'StepNode("ExecuteST", "execute", None, fan_out="DecideST")': (
        'StepNode("ExecuteST", "execute", "PublishST", fan_out="DecideST"),\n'
        '            StepNode("PublishST", "decide", None)'
    ),
}


def test_a_run_that_waits_at_its_gate_ends_under_the_plan_it_was_started_with(own_place: Place, tmp_path: Path) -> None:
    newer = _newer_program(tmp_path)
    with own_place.start("up") as older:
        workflow_id = older.new_run("outlives the program")
        gate_key = older.open_gate(workflow_id)
        plan = own_place.rows(f"SELECT plan_digest FROM app.runs WHERE id = '{workflow_id}'")
        older.kill()

    with own_place.start("up", environ={"PYTHONPATH": str(newer)}) as server:
        _assert_is_newer(server)
        assert [gate["gateKey"] for gate in server.gates(workflow_id)] == [gate_key]
        assert server.reply(workflow_id, gate_key, "yes", "after-the-upgrade").status_code == 200
        assert server.ended(workflow_id)["status"] == "SUCCESS"
        steps = [step["stepId"] for step in server.get(f"/api/runs/{workflow_id}/steps")]
        assert sorted(steps) == ["ApplyPatchST", "CompileST", "DecideST", "ExecuteST"]
        assert own_place.rows(f"SELECT plan_digest FROM app.runs WHERE id = '{workflow_id}'") == plan
        versions = own_place.rows("SELECT DISTINCT application_version FROM dbos.workflow_status")
        assert versions == [["signoff"]]
    own_place.check()


def test_a_refusal_after_the_upgrade_undoes_what_the_older_program_did(signoff_dir: Path, tmp_path: Path) -> None:
    place = Place(signoff_dir)
    newer = _newer_program(tmp_path)
    with place.start("up") as older:
        workflow_id = older.new_run("outlives the program")
        gate_key = older.open_gate(workflow_id)
        assert older.stop() == 0

    with place.start("up", environ={"PYTHONPATH": str(newer)}) as server:
        assert server.reply(workflow_id, gate_key, "no", "after-the-upgrade").status_code == 200
        assert server.ended(workflow_id)["error"] == "Plan approval failed: no"
        kinds = [one["kind"] for one in server.get(f"/api/runs/{workflow_id}/artifacts")]
        assert "rollback" in kinds
    place.check()


def _newer_program(folder: Path) -> Path:
    """A copy of this program whose recipe compiles to another plan."""
    root = folder / "newer"
    shutil.copytree(Path(signoff.__file__).parent, root / "signoff", ignore=shutil.ignore_patterns("__pycache__"))
    recipe = root / "signoff" / "plans" / "recipe.py"
    text = recipe.read_text("utf-8")
    for older, newer in NEWER.items():
        assert older in text
        text = text.replace(older, newer)
    recipe.write_text(text, "utf-8")
    return root


def _assert_is_newer(server: Server) -> None:
    """A run that this server starts is walked by the newer plan."""
    workflow_id = server.new_run("started by the newer program")
    assert server.open_gate(workflow_id).startswith("approve-newer-plan-")
    steps = [step["stepId"] for step in server.get(f"/api/runs/{workflow_id}/steps")]
    assert sorted(steps) == ["ApplyPatchST", "CompileST", "DraftST"]
