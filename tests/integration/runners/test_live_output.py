"""What runs can be followed in a file of its own, which never stands in the way of the run."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from signoff.errors import InvalidInputError
from signoff.runners.live_output import LiveOutput, live_output_path


def test_the_file_is_named_by_run_node_and_attempt(tmp_path: Path) -> None:
    path = live_output_path(tmp_path, "wf:a", "step-001:command-2", 3)
    assert path == tmp_path / "output" / "wf:a" / "step-001.command-2.3.log"
    assert not path.parent.exists()


@pytest.mark.parametrize(("run_id", "node_id"), [("../x", "n"), ("r", "../n"), ("r", "a/b"), ("r", ""), ("", "n")])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, run_id: str, node_id: str) -> None:
    with pytest.raises(InvalidInputError):
        live_output_path(tmp_path, run_id, node_id, 1)


def test_every_piece_is_there_at_once_and_doing_it_again_goes_on(tmp_path: Path) -> None:
    path = live_output_path(tmp_path, "r", "step-001", 1)
    with LiveOutput(path) as live:
        live.write(b"one")
        assert path.read_bytes() == b"one"
    with LiveOutput(path) as live:
        live.write(b", two")
    assert path.read_bytes() == b"one, two"


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = live_output_path(tmp_path, "r", "step-001", 1)
    with LiveOutput(path):
        pass
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent, path.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


def test_a_file_that_cannot_be_written_costs_the_look_and_not_the_step(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "output").write_text("in the way")
    with LiveOutput(live_output_path(tmp_path, "r", "step-001", 1)) as live:
        live.write(b"x")
    assert ["is not shown" in record.getMessage() for record in caplog.records] == [True]


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    path = live_output_path(tmp_path, "r", "step-001", 1)
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    with LiveOutput(path) as live:
        live.write(b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_costs_the_look_and_not_the_step() -> None:
    with LiveOutput(Path("/dev/full")) as live:
        live.write(b"x")
        live.write(b"y")
