"""The program in the reference with which auditors check an export without signoff."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from signoff.audit.entry import GENESIS, Entry, seal
from signoff.audit.export import dump
from signoff.audit.head import key_id_of, sign_head
from signoff.audit.tree import Frontier

from .verify_export import NotSoundError, verify

PROGRAM = Path(__file__).with_name("verify_export.py")
KEY = bytes(range(32))


def trail() -> list[Entry]:
    entries: list[Entry] = []
    last: dict[str, Entry] = {}
    for seq, workflow_id in enumerate(["a", "b", "a", "a", "b"], start=1):
        before = last.get(workflow_id)
        entry = seal(
            seq=seq,
            workflow_id=workflow_id,
            n=1 if before is None else before.n + 1,
            gate_key="ship" if seq % 2 else None,
            at=1_767_225_600_000 + seq,
            actor="Zoë",
            event="gate.decided",
            body={"number": 1e21, "text": "ü\n", "nothing": None},
            prev_hash=GENESIS if before is None else before.hash,
        )
        last[workflow_id] = entry
        entries.append(entry)
    return entries


def export(size: int) -> list[str]:
    entries = trail()
    head = sign_head(KEY, tree_size=size, root=Frontier(entry.hash for entry in entries[:size]).root(), signed_at=1)
    return list(dump(entries, [head]))


@pytest.mark.parametrize("size", range(6))
def test_a_sound_export_is_found_sound(size: int) -> None:
    assert verify(export(size), key_id_of(KEY)) == f"sound: 5 entries, {size} of them under a signed head"


@pytest.mark.parametrize("line", range(1, 6))
@pytest.mark.parametrize("change", ["actor", "removed", "body"])
def test_an_export_in_which_something_was_changed_is_not(line: int, change: str) -> None:
    lines = export(5)
    entry = json.loads(lines[line])
    if change == "removed":
        del lines[line]
    else:
        entry[change] = "eve" if change == "actor" else {"number": 1}
        lines[line] = json.dumps(entry)
    with pytest.raises(NotSoundError):
        verify(lines, key_id_of(KEY))


def test_a_head_that_was_changed_is_not_believed() -> None:
    lines = export(5)
    lines[-1] = lines[-1].replace('"signedAt":1', '"signedAt":2')
    with pytest.raises(NotSoundError, match="signature"):
        verify(lines, key_id_of(KEY))


def test_a_head_of_another_key_is_not_believed() -> None:
    with pytest.raises(NotSoundError, match="another key"):
        verify(export(5), key_id_of(bytes(32)))


def test_the_program_runs_by_itself_and_tells_by_its_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "trail.jsonl"
    for lines, code in ((export(5), 0), (export(5)[:-2] + export(5)[-1:], 1)):
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        ran = subprocess.run([sys.executable, "-O", PROGRAM, path, key_id_of(KEY)], capture_output=True, text=True)
        assert ran.returncode == code, ran.stderr
