"""Some hundred seeds, in each of which everything goes wrong that may; and defects that they must not overlook."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from signoff.gates import gate
from signoff.gates.gate import Move, State
from signoff.ledger import queries

from .__main__ import main, told
from .simulate import shortest, simulate

ROOT = Path(__file__).resolve().parents[2]
BLOCK, BLOCKS = 25, 8
#: Within how many seeds a planted defect has to be found.
FOUND_WITHIN = 40


@pytest.mark.parametrize("block", range(BLOCKS))
def test_whatever_goes_wrong_the_ledger_is_sound_and_people_were_told_what_it_says(block: int) -> None:
    for seed in range(block * BLOCK + 1, (block + 1) * BLOCK + 1):
        outcome = simulate(seed)
        assert not outcome.violations, told(shortest(seed))


def a_decided_gate_can_be_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {**gate.TRANSITIONS, State.RECEIVED: {Move.DECIDE: State.RECEIVED}}
    monkeypatch.setattr(gate, "TRANSITIONS", table)
    monkeypatch.setattr(gate, "FINAL_STATES", frozenset(state for state, moves in table.items() if not moves))


def an_order_is_done_when_it_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    _say_otherwise(monkeypatch, "claim_outbox", "claimed_by = :worker,", "claimed_by = :worker, done_at = :now,")


def a_dedupe_key_is_looked_for_in_the_whole_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    at_this_gate = "workflow_id = :workflow_id AND gate_key = :gate_key AND topic = :topic AND"
    _say_otherwise(monkeypatch, "same_reply", at_this_gate, "")


DEFECTS = [
    a_decided_gate_can_be_decided_again,
    an_order_is_done_when_it_is_claimed,
    a_dedupe_key_is_looked_for_in_the_whole_ledger,
]


@pytest.mark.parametrize("plant", DEFECTS, ids=lambda plant: str(plant.__name__))
def test_a_defect_that_is_planted_is_found_and_is_what_was_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as planted:
        plant(planted)
        failing = next((seed for seed in range(1, FOUND_WITHIN + 1) if simulate(seed).violations), None)
        assert failing is not None
        found = shortest(failing)
        assert found.violations
        assert len(found.history) <= len(simulate(failing).history)
        assert simulate(failing, found.events).violations == found.violations
    assert simulate(failing, found.events).violations == ()


def test_a_seed_makes_the_same_happen_whenever_it_is_simulated() -> None:
    seed = 7
    here = simulate(seed)
    words = [sys.executable, "-m", "tests.simulation", "--seed", str(seed)]
    for hashes in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": hashes}
        there = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
        assert there.stdout == told(here) + "\n"


def test_many_seeds_are_simulated_with_a_line_on_the_way_and_a_failing_one_is_told_how_to_be_seen_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--seeds", "1..3", "--jobs", "1"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "\r3 of 3 seeds, 0 with a violation\n")
    an_order_is_done_when_it_is_claimed(monkeypatch)
    failing = next(seed for seed in range(1, FOUND_WITHIN + 1) if simulate(seed).violations)
    assert main(["--seeds", f"{failing}..{failing}", "--jobs", "1"]) == 1
    again = capsys.readouterr().out.strip().splitlines()[-1]
    assert again.startswith(f"again: python -m tests.simulation --seed {failing} --events ")
    assert main(again.split()[4:]) == 1
    assert capsys.readouterr().out.strip().splitlines()[-1] == again


def _say_otherwise(monkeypatch: pytest.MonkeyPatch, name: str, part: str, other: str) -> None:
    right = queries.load_queries

    def load(dialect: str) -> Mapping[str, str]:
        found = right(dialect)
        assert part in found[name]
        return {**found, name: found[name].replace(part, other)}

    monkeypatch.setattr(queries, "load_queries", load)
