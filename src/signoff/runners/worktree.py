"""A scratch work tree for each run, kept by git, to which a plan's patch is applied.

Every attempt starts from the empty tree, so that the tree on disk follows from the patch alone: doing it again after a
crash, half-way or complete, comes to the same end. The patch meets the index first; only a result that holds nothing
but plain files with readable names is written to disk.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signoff.app.steps import StepResult
from signoff.errors import StepFailedError
from signoff.gates.digest import sha256_hex
from signoff.gates.keys import check_workflow_id
from signoff.runners.excerpt import last_lines, to_artifact
from signoff.runners.git import check_git, run_git
from signoff.runners.process import End

_PLAIN_FILE_MODES = {"100644", "100755"}
_SETTINGS = {"core.autocrlf": "false", "init.defaultBranch": "scratch"}


class ScratchWorkTree:
    """Work trees under `root`, one folder a run, named by the run's id."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def check(self) -> None:
        """Find git.

        Raises:
            MissingProgramError: it is not installed.
        """
        check_git()

    def apply(self, run_id: str, attempt: int, patch: str) -> StepResult:
        """Make the run's tree what `patch` makes of the empty one: `{files, patchSha256, tree}`, and the patch kept.

        Raises:
            InvalidInputError: the run's id is no such id.
            StepFailedError: the patch does not apply, or would leave something other than plain files.
        """
        folder = self._folder(run_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder):
            _git(folder, "init", "--quiet", "--template=", str(folder))
            files = _stage(folder, patch)
            # Before the first file appears, so that a crash leaves nothing that `roll_back` would not find.
            _note_attempt(folder, attempt)
            tree = _check_out(folder)
        output = {"files": files, "patchSha256": sha256_hex(patch.encode()), "tree": tree}
        return StepResult(output, (to_artifact("patch", patch),) if patch.strip() else ())

    def roll_back(self, run_id: str, attempt: int, patch: str) -> StepResult:
        """Empty the run's tree again: `{rolledBack: true, patchSha256, tree}`, or `{rolledBack: false, reason}`.

        Raises:
            InvalidInputError: the run's id is no such id.
            StepFailedError: git failed.
        """
        folder = self._folder(run_id)
        if not _attempt_file(folder).exists():
            return _not_rolled_back("No patch of this run was applied on this machine.")
        with _locked(folder):
            applied = int(_attempt_file(folder).read_text())
            # An earlier one is what this attempt went on from; a later one means that this call comes too late.
            if applied > attempt:
                return _not_rolled_back(f"The tree holds the patch of attempt {applied} by now, not of {attempt}.")
            _git(folder, "read-tree", "--empty")
            tree = _check_out(folder)
        return StepResult({"rolledBack": True, "patchSha256": sha256_hex(patch.encode()), "tree": tree})

    def _folder(self, run_id: str) -> Path:
        # A workflow id has no slash and starts with a letter or digit, so it cannot lead out of the root.
        return self._root / check_workflow_id(run_id)


def _stage(folder: Path, patch: str) -> list[str]:
    """Put what the patch makes of the empty tree into the index; the paths, sorted."""
    _git(folder, "read-tree", "--empty")
    if patch.strip():
        _refuse_binary(patch)
        # Its last newline is what gets lost most easily on a patch's way here, and git insists on it.
        text = patch if patch.endswith("\n") else patch + "\n"
        _git(folder, "apply", "--cached", "--whitespace=nowarn", "-", stdin=text.encode(), doing="The patch")
    entries = _git(folder, "ls-files", "--stage", "-z").split(b"\0")
    return [_checked_path(entry) for entry in entries if entry]


def _refuse_binary(patch: str) -> None:
    # Nobody can see what such a patch does before approving it, and it may unfold to a thousand times its size.
    if any(line.startswith("GIT binary patch") for line in patch.splitlines()):
        raise StepFailedError("The patch holds binary files, which nobody could review.")


def _checked_path(entry: bytes) -> str:
    about, _, raw_path = entry.partition(b"\t")
    path = raw_path.decode("utf-8", errors="replace")
    if about[:6].decode() not in _PLAIN_FILE_MODES:
        raise StepFailedError(f"The patch makes {path!r} something other than a plain file, such as a symbolic link.")
    if not path.isprintable() or "\ufffd" in path:
        raise StepFailedError(f"The patch names a file {path!r}, which cannot be shown as it is.")
    return path


def _check_out(folder: Path) -> str:
    """Make the folder what the index says; the tree's id."""
    tree = _git(folder, "write-tree").decode().strip()
    _git(folder, "clean", "-ffdxq")
    _git(folder, "checkout-index", "--all", "--force", "--quiet")
    return tree


def _git(folder: Path, *words: str, stdin: bytes = b"", doing: str = "The work tree") -> bytes:
    outcome = run_git(folder, *words, stdin=stdin, settings=_SETTINGS)
    if outcome.end is not End.EXITED or outcome.exit_code != 0:
        said = last_lines(outcome.stderr) or f"git {words[0]} {outcome.end.value}"
        raise StepFailedError(f"{doing} was refused by git: {said}", details={"git": words[0], "stderr": said})
    return outcome.stdout


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One at a time in this folder, over processes too; the kernel lets go of the lock of a process that dies."""
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Whoever made this file died with it: nobody else is here.
        (folder / ".git" / "index.lock").unlink(missing_ok=True)
        yield


def _attempt_file(folder: Path) -> Path:
    return folder / ".git" / "signoff-attempt"


def _note_attempt(folder: Path, attempt: int) -> None:
    new = _attempt_file(folder).with_suffix(".new")
    new.write_text(str(attempt))
    new.replace(_attempt_file(folder))


def _not_rolled_back(reason: str) -> StepResult:
    return StepResult({"rolledBack": False, "reason": reason})
