"""The comparison with peers, as far as it needs nothing but signoff: what its program prints is what is read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parents[2] / "bench" / "peers" / "run.py"
SMALL = ("--only", "signoff-reply-sqlite", "--gates", "2", "--clients", "2", "--race", "2x3", "--rounds", "1")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(RUN), *arguments], capture_output=True, text=True, check=False)


def test_what_signoffs_own_program_prints_is_read_shown_and_read_again(tmp_path: Path) -> None:
    kept = tmp_path / "report.json"
    measured = run(*SMALL, "--json", "--report", str(kept))
    assert measured.returncode == 0, measured.stderr
    report = json.loads(measured.stdout)
    (outcome,) = report["rounds"]["signoff-reply-sqlite"]
    assert [outcome[pace]["effects"] for pace in ("one", "many")] == [2, 2]
    assert outcome["race"] == {"gates": 2, "answers": 3, "accepted": 2, "effects": 2, "told": 4, "refused": 0}
    assert outcome["floor"].keys() == {"oursPerS", "plainPerS", "ratio"}

    assert json.loads(kept.read_text("utf-8")) == report
    shown = run("--read", str(kept))
    assert shown.returncode == 0, shown.stderr
    assert len([line for line in shown.stdout.splitlines() if line.startswith("signoff, `app.reply`")]) == 3

    del outcome["race"]["told"]
    kept.write_text(json.dumps(report), "utf-8")
    refused = run("--read", str(kept))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Error: race lacks, or does not know: told\n"


def test_a_page_is_written_of_all_programs_only(tmp_path: Path) -> None:
    assert run(*SMALL, "--write").returncode == 2
    kept = tmp_path / "report.json"
    kept.write_text('{"rounds": {}}', "utf-8")
    refused = run("--read", str(kept), "--write")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: this is no report of run.py: ")
