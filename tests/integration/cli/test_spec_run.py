"""`signoff spec run` as real processes: where it stops, how it goes on, and what it refuses."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from processes import until
from spec_repository import TWO_GATES, Repository, make_repository, step


@pytest.fixture
def repository(tmp_path: Path, database_url: str | None) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    made = make_repository(folder, database_url)
    if database_url is not None:
        assert made.shell("db", "upgrade").code == 0
    return made


@pytest.fixture
def here(tmp_path: Path) -> Repository:
    """On the embedded default."""
    folder = tmp_path / "repository"
    folder.mkdir()
    return make_repository(folder)


def test_a_run_stops_at_its_gate_says_where_to_answer_and_goes_on_once_it_is_answered(repository: Repository) -> None:
    repository.write(TWO_GATES)
    stopped = repository.run()
    assert stopped.code == 3
    gate = repository.gates()[0]
    assert f"signoff gate approve {gate['workflowID']} {gate['gateKey']}" in stopped.out
    assert repository.log == ["one"]
    assert repository.shell("gate", "approve", "--spec", "plan.md", "--as", "bob").code == 0
    ended = repository.run("--answer", "G1=yes")
    assert (ended.code, repository.log) == (0, ["one", "two", "three"])
    assert len(repository.runs) == 1
    assert [gate["receipt"]["actor"] for gate in repository.gates()] == ["bob", "ada"]
    repository.check()


def test_a_rejection_ends_the_run_and_a_retry_does_that_step_anew_and_asks_at_its_gate_alone(here: Repository) -> None:
    here.write(TWO_GATES)
    rejected = here.run("--answer", "G0=approve", "--answer", "G1=reject")
    run = here.runs[0]
    assert (rejected.code, run["status"], run["nextAction"]) == (1, "ERROR", "REPAIR")
    assert run["error"] == "G1: Code Readiness failed: reject"
    assert here.shell("run", "retry", run["workflowID"]).code == 0
    assert here.run("--answer", "approve").code == 0
    assert [gate["prompt"]["payload"]["subject"]["gate"][:2] for gate in here.gates()] == ["G0", "G1", "G1"]
    assert here.log == ["one", "two", "two", "three"]


def test_a_deferral_leaves_the_gate_open_for_later(here: Repository) -> None:
    here.write(TWO_GATES)
    deferred = here.run("--answer", "defer")
    assert (deferred.code, here.gates()[0]["state"]) == (3, "PENDING")
    assert here.run("--answer", "approve").code == 0
    assert len(here.runs) == 1


def test_the_compiled_file_runs_too(here: Repository) -> None:
    here.write(TWO_GATES)
    assert here.shell("spec", "compile", "plan.md").code == 0
    assert here.run("--answer", "approve", name="plan.compiled.yaml").code == 0
    assert here.runs[0]["subject"] == "plan.md"


def test_a_command_that_fails_stops_the_run_and_is_what_a_retry_does_again(here: Repository) -> None:
    commands = "echo before >> log.txt\n```\n\n```bash\necho tried >> log.txt\necho broken >&2\ntest -e mended"
    here.write(step(1, commands=commands) + step(2, commands="echo after >> log.txt"))
    failed = here.run()
    assert failed.code == 1
    assert "broken" in failed.out
    run = here.shell.json("run", "show", here.runs[0]["workflowID"])
    assert [(one["stepId"], one["kind"], one["inline"]) for one in run["artifacts"]] == [
        ("step-001:command-2", "stderr", "broken\n")
    ]
    (here.folder / "mended").touch()
    assert here.shell("run", "retry", run["workflowID"]).code == 0
    assert here.run().code == 0
    assert here.log == ["before", "tried", "tried", "after"]


def test_a_run_whose_process_was_killed_goes_on_at_the_command_that_ran(repository: Repository) -> None:
    first, second = "echo first >> log.txt", "echo begun >> log.txt\ntest -e go || sleep 600\necho ended >> log.txt"
    repository.write(step(1, gate="G0: Plan Approval", commands=f"{first}\n```\n\n```bash\n{second}"))
    with repository.shell.start("spec", "run", "plan.md") as process:
        until(lambda: repository.log == ["first", "begun"], "the second command")
        process.send_signal(signal.SIGKILL)
        process.wait()
    (repository.folder / "go").touch()
    assert repository.run("--answer", "approve").code == 0
    assert repository.log == ["first", "begun", "begun", "ended"]
    assert len(repository.runs) == 1
    repository.check()


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_takes_the_running_command_with_it_and_loses_nothing(
    here: Repository, name: signal.Signals
) -> None:
    here.write(step(1, commands="echo $$ > pid\ntest -e go || sleep 600\necho ended >> log.txt"))
    with here.shell.start("spec", "run", "plan.md") as process:
        pid = int(until(lambda: here.read("pid"), "the command"))
        process.send_signal(name)
        assert process.wait(60) == 130
    # Under bubblewrap the command has a number of its own, which says nothing here.
    assert pid < 100 or not Path(f"/proc/{pid}").exists()
    (here.folder / "go").touch()
    assert here.run().code == 0
    assert here.log == ["ended"]


def test_missing_outputs_are_shown_at_the_gate_and_fail_a_step_that_nobody_looks_at(here: Repository) -> None:
    here.write(step(1, gate="G0: Plan Approval", output="absent.md") + step(2, output="nowhere.md"))
    stopped = here.run()
    assert stopped.code == 3
    assert "missing absent.md" in stopped.out
    ended = here.run("--answer", "approve")
    assert ended.code == 1
    assert "nowhere.md" in here.runs[0]["error"]


def test_tier_a_takes_every_item_a_reason_all_outputs_and_somebody_else_than_the_owner(here: Repository) -> None:
    here.write(step(1, gate="G0: Plan Approval", output="made.md"), tier="A")
    assert here.run().code == 3
    approve = ("gate", "approve", "--spec", "plan.md")
    refusals = {
        "requester-may-not-approve": ("--as", "olga", "--all-items", "--rationale", "mine"),
        "justification-required": ("--as", "bob", "--all-items"),
        "items-required": ("--as", "bob", "--rationale", "fine", "--item", "1.1"),
        "evidence-missing": ("--as", "bob", "--rationale", "fine", "--all-items"),
    }
    for code, flags in refusals.items():
        refused = here.shell(*approve, *flags, "--json")
        assert refused.document["code"] == code, refused
        assert refused.code != 0
    assert here.shell("gate", "reject", "--spec", "plan.md", "--as", "bob", "--rationale", "where is it?").code == 0
    assert here.run().code == 1
    (here.folder / "made.md").touch()
    assert here.run("--as", "bob", "--answer", "approve", "--all-items", "--rationale", "there it is").code == 0


def test_tier_c_is_approved_by_its_policy_with_no_item_claimed_but_g2_asks(here: Repository) -> None:
    here.write(step(1, gate="G0: Plan Approval") + step(2, gate="G2: Pre-Release"), tier="C")
    assert here.run().code == 3
    automatic, asked = here.gates()
    assert (automatic["receipt"]["actor"], automatic["receipt"]["role"]) == ("policy:tier-C", "policy")
    assert asked["state"] == "PENDING"
    decided = next(entry for entry in here.events() if entry["event"] == "gate.decided")
    assert decided["body"]["itemsTicked"] == []
    assert decided["body"]["itemsOpen"] == ["1.1", "1.2"]


def test_the_project_can_make_a_gate_of_tier_b_advisory_or_ask_for_every_item(here: Repository) -> None:
    (here.folder / "signoff.yaml").write_text("gates: {G0: advisory, G1: required-items}\n")
    here.write(TWO_GATES)
    stopped = here.run("--answer", "approve")
    assert (stopped.code, "Tick them" in stopped.err) == (2, True)
    advisory, blocking = here.gates()
    assert advisory["receipt"]["actor"] == "policy:advisory"
    assert blocking["requirement"]["allItems"] is True


def test_a_later_step_is_begun_only_when_every_gate_before_it_was_passed(here: Repository) -> None:
    here.write(TWO_GATES)
    refused = here.run("--step", "2", "--json")
    assert (refused.code, refused.document["code"]) == (1, "gates-not-passed")
    assert here.runs == []
    assert here.run("--answer", "G0=approve").code == 3
    assert here.run("--step", "2", "--answer", "G1=approve").code == 0
    assert here.log == ["one", "two", "two", "three"]


def test_an_override_goes_past_and_is_a_decision_of_its_own(here: Repository) -> None:
    here.write(TWO_GATES)
    assert here.run("--step", "3", "--override", "signed on paper").code == 0
    assert here.log == ["three"]
    overridden = [entry for entry in here.events() if entry["event"] == "gate.overridden"]
    assert [entry["body"]["subject"]["gate"][:2] for entry in overridden] == ["G0", "G1"]
    assert {(entry["actor"], entry["body"]["role"], entry["body"]["rationale"]) for entry in overridden} == {
        ("ada", "override", "signed on paper")
    }
    here.check()


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--override", "why"), "usage"),
        (("--step", "7"), "unknown-step"),
        (("--answer", "perhaps"), "bad-choice"),
        (("--answer", "G4=approve"), "unknown-gate"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    here: Repository, flags: tuple[str, ...], code: str
) -> None:
    here.write(TWO_GATES)
    refused = here.run(*flags, "--json")
    assert (refused.code, refused.document["code"]) == (2, code)
    assert not (here.folder / ".signoff").exists()


def test_a_changed_spec_is_another_run_and_the_one_that_waits_is_named(here: Repository) -> None:
    here.write(TWO_GATES)
    here.run()
    waiting = here.runs[0]["workflowID"]
    here.write(TWO_GATES.replace("echo one", "echo uno"))
    again = here.run()
    assert again.code == 3
    assert waiting in again.err
    assert len(here.runs) == 2


def test_two_answers_at_once_are_one_decision_and_the_other_is_told(repository: Repository) -> None:
    repository.write(step(1, gate="G0: Plan Approval"))
    assert repository.run().code == 3
    key = repository.gates()[0]["gateKey"]
    with (
        repository.shell.start("spec", "run", "plan.md", "--answer", "approve", "--as", "bob") as one,
        repository.shell.start("spec", "run", "plan.md", "--answer", "reject", "--as", "eve") as other,
    ):
        codes = {one.wait(60), other.wait(60)}
    decision = repository.gates()[0]["receipt"]["decision"]
    assert 4 in codes or codes <= {0, 1}
    assert repository.gates()[0]["gateKey"] == key
    assert (0 if decision == "approve" else 1) in codes
    repository.check()


def test_a_spec_runs_on_the_ledger_at_hand_and_nobody_acts_as_a_rule(here: Repository) -> None:
    here.write(TWO_GATES)
    remote = here.run("--json", environ={"SIGNOFF_URL": "http://127.0.0.1:9"})
    assert (remote.code, remote.document["code"]) == (2, "not-over-url")
    posing = here.run("--json", "--as", "policy:tier-C")
    assert (posing.code, posing.document["code"]) == (2, "invalid-actor")


def test_json_is_one_document_and_nothing_else(here: Repository) -> None:
    here.write(TWO_GATES)
    document = here.run("--json").document
    assert (document["status"], len(document["gates"]), document["subject"]) == ("WAITING_INPUT", 1, "plan.md")
    done = here.run("--json", "--answer", "approve")
    assert (done.code, done.document["status"]) == (0, "SUCCESS")
    assert done.err == ""


def test_the_decision_carries_all_that_an_auditor_asks(here: Repository) -> None:
    here.write(TWO_GATES)
    here.git("checkout", "--quiet", "-b", "feat/release")
    here.run()
    said = ("--as", "bob", "--item", "1.1", "--condition", "only on staging", "--rationale", "read it")
    here.shell("gate", "approve", "--spec", "plan.md", *said)
    body = next(entry for entry in here.events() if entry["event"] == "gate.decided")["body"]
    assert body["subject"] == {
        "spec": "plan.md",
        "specSha256": here.gates()[0]["prompt"]["payload"]["subject"]["specSha256"],
        "tier": "B",
        "step": "step-001",
        "gate": "G0: Plan Approval",
        "branch": "feat/release",
        "commit": here.git("rev-parse", "HEAD").strip(),
    }
    assert body["tool"].startswith("signoff ")
    assert (body["itemsTicked"], body["itemsOpen"], body["conditions"]) == (["1.1"], ["1.2"], ["only on staging"])


def test_nothing_is_written_outside_the_repository(here: Repository, tmp_path: Path) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    here.write(TWO_GATES)
    assert here.run("--answer", "approve").code == 0
    assert {path.name for path in tmp_path.iterdir()} == before
    assert {path.name for path in here.folder.iterdir()} == {".git", ".signoff", "plan.md", "log.txt"}


def test_an_output_that_becomes_a_link_out_of_the_repository_is_refused(here: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    here.write(step(1, gate="G0: Plan Approval", commands=f"ln -s {tmp_path}/secret made.md", output="made.md"))
    assert here.run().code == 1
    assert "leaves" in here.runs[0]["error"] or "leads" in here.runs[0]["error"]
    assert "outside" not in here.shell("run", "show", here.runs[0]["workflowID"], "--json").out


@pytest.mark.parametrize("tier", ["A", "B", "C"])
def test_every_template_that_ships_runs_to_its_end(here: Repository, tier: str) -> None:
    new = (
        "spec",
        "new",
        "--tier",
        tier,
        "--title",
        "Try it",
        "--owner",
        "olga",
        "--goal",
        "See it",
        "--output",
        "t.md",
    )
    assert here.shell(*new).code == 0
    assert here.shell("spec", "validate", "t.md").code == 0
    done = here.run("--answer", "approve", "--all-items", "--rationale", "a try", name="t.md")
    assert done.code == 0, done


def test_an_agent_does_what_the_prompts_say(here: Repository) -> None:
    agent = here.folder / "agent.sh"
    agent.write_text("#!/bin/sh\ngrep -q 'Write the notes' && echo 1.0 > notes.md && echo written\n")
    agent.chmod(0o755)
    text = "\n### Step 1: Notes\n\n**Prompt:**\n\nWrite the notes.\n\n**Outputs:**\n\n- `notes.md`\n"
    here.write(text)
    done = here.run("--agent", "command", "--agent-command", "./agent.sh")
    assert done.code == 0, done
    assert "| written" in done.out


def test_without_a_repository_the_working_directory_is_one(tmp_path: Path, here: Repository) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    plain = Repository(type(here.shell)(folder))
    plain.write(TWO_GATES)
    assert plain.run("--answer", "approve").code == 0
    assert "commit" not in plain.gates()[0]["prompt"]["payload"]["subject"]


def test_the_ledger_and_keys_are_of_no_use_to_a_command_under_bubblewrap(here: Repository) -> None:
    here.write(step(1, commands="ls -A .signoff > seen.txt 2>&1 || true; env | grep SIGNOFF_ >> seen.txt || true"))
    environ = {"SIGNOFF_DIR": ".signoff", "PATH": os.environ["PATH"]}
    assert here.run(environ=environ).code == 0
    is_apart = "Commands of specs run under bubblewrap" in (here.folder / ".signoff" / "spec-run.log").read_text()
    assert (here.folder / "seen.txt").read_text() == "" or not is_apart
