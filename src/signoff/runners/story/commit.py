"""The commit of a story.

It is the person's act: with their configuration, identity, signature and hooks. It is made from an index of its own,
filled with the very bytes that were approved, so that nothing else gets into it, and the person's index is as it was
when a hook refuses.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from signoff.errors import StepFailedError
from signoff.runners.git import check_git, run_git
from signoff.runners.process import Limits, Outcome, inherited_environment, run_program
from signoff.runners.repository import head_of
from signoff.runners.story.commit_lock import hold_commits
from signoff.runners.story.look import (
    Entry,
    Found,
    checked,
    find,
    is_well,
    kept_modes,
    lock_problem,
    look,
    named,
    told,
)
from signoff.stories.changes import (
    LINK,
    UNCHANGED,
    Changed,
    Changes,
    CommitOutcome,
    Committed,
    FileChange,
    HookFailed,
)

#: Hooks may run a whole suite of tests.
COMMIT_LIMITS = Limits(timeout_s=1_800, output_bytes_max=1_048_576)
LOOK_LIMITS = Limits(timeout_s=60, output_bytes_max=67_108_864)
_GONE = "000000"
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_SSH")


def commit(root: Path, approved: Changes, message: str) -> CommitOutcome:
    """Commit exactly what was approved, with this message; what was committed before a crash is found, also where the
    git of whoever was killed is still at it: that is waited for.

    Raises:
        MissingProgramError: git is not installed. StepFailedError: (`git-busy`) it took too long.
    """
    check_git()
    if not (root / ".git").exists():
        return Changed(f"There is no git repository in {root}.")
    with hold_commits(root, wait_s=COMMIT_LIMITS.timeout_s) as lock:
        done = _made_before(root, approved)
        if done is not None:
            return _finished(root, approved, done, message)
        try:
            return _commit(root, approved, message, lock)
        except StepFailedError as error:
            # A filter that is not there, say: whoever approved it is shown why, and asked again.
            return HookFailed(error.message)


def _commit(root: Path, approved: Changes, message: str, lock: int) -> CommitOutcome:
    now = look(root, [file.path for file in approved.files])
    wanted = _difference(approved, now) or _busy(root) or _wanted(root, approved)
    if isinstance(wanted, Changed):
        return wanted
    branch = _said(root, "symbolic-ref", "HEAD")
    with tempfile.TemporaryDirectory(prefix="signoff-commit-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _fill_index(root, approved.head, wanted, env)
        tree = checked(_git(root, "write-tree", env=env), "write the tree").strip()
        if (ours := _held(root, approved.head, tree)) != wanted:
            return _not_as_shown(ours, wanted)
        # In a file: a pipe would end in the middle of a message where we are killed.
        text = Path(folder) / "message"
        text.write_bytes(f"{message}\n".encode())
        words = ("commit", "--quiet", "--cleanup=verbatim", f"--file={text}")
        outcome = _git(root, *words, env=env, limits=COMMIT_LIMITS, pass_fds=(lock,))
    if not is_well(outcome):
        return HookFailed(told(outcome))
    made = _tip(root, branch)
    if made is None or made == approved.head:
        return _gone_elsewhere(root, approved)
    if _parents(root, made) != _expected_parents(approved) or _tip(root, made, "tree") != tree:
        return _taken_back(root, approved, branch, made, wanted)
    return _finished(root, approved, made, message)


def _busy(root: Path) -> Changed | None:
    why = lock_problem(root)
    return None if why is None else Changed(why)


def _tip(root: Path, ref: str, kind: str = "commit") -> str | None:
    """The commit that a branch is at, by its whole name, for a hook may have checked out another one; or its tree."""
    found = _git(root, "rev-parse", "--quiet", "--verify", f"{ref}^{{{kind}}}")
    return found.stdout.decode().strip() or None


def _difference(approved: Changes, now: Changes) -> Changed | None:
    """Why what is there is not what was approved."""
    if now.branch != approved.branch:
        return Changed(f"The branch is {now.branch or 'none'} now, and was {approved.branch or 'none'}.")
    if now.head != approved.head:
        return Changed(f"HEAD is at {now.head} now, and was at {approved.head or 'nothing'}.")
    others = [was.path for was, is_ in zip(approved.files, now.files, strict=True) if was != is_]
    if others:
        return Changed(f"Changed since they were shown: {named(others)}.", tuple(others))
    return Changed(" ".join(now.obstacles)) if now.obstacles else None


def _wanted(root: Path, approved: Changes) -> dict[str, Entry] | Changed:
    """The entries of the commit's tree, made of the very bytes that were approved."""
    wanted = {}
    modes = kept_modes(root, {file.path: file.mode for file in approved.files})
    for file in approved.files:
        found = find(root, file.path, mode=modes.get(file.path))
        if found.sha256 != file.sha256 or found.mode != file.mode:
            return Changed(f"Changed since they were shown: {file.path}.", (file.path,))
        if found.data is None:
            wanted[file.path] = (_GONE, "0" * len(str(approved.head)))
        elif file.status != UNCHANGED:
            wanted[file.path] = (str(found.mode), _stored(root, file.path, found))
    return wanted


def _stored(root: Path, path: str, found: Found) -> str:
    """The id of the bytes as git keeps them, after the filters that are set for the path."""
    filters = ["--no-filters"] if found.mode == LINK else [f"--path={path}"]
    return checked(_git(root, "hash-object", "-w", "--stdin", *filters, stdin=found.data or b""), "keep a file").strip()


def _fill_index(root: Path, head: str | None, wanted: Mapping[str, Entry], env: Mapping[str, str]) -> None:
    checked(_git(root, "read-tree", head or "--empty", env=env), "read the commit")
    checked(_update_index(root, wanted, env), "fill an index")
    # Hooks compare the index with the work tree by the times of files; what differs is said by the exit code.
    _git(root, "update-index", "-q", "--refresh", env=env)


def _update_index(root: Path, wanted: Mapping[str, Entry], env: Mapping[str, str]) -> Outcome:
    lines = [f"{mode} {id_}\t{path}\0" for path, (mode, id_) in wanted.items()]
    return _git(root, "update-index", "-z", "--index-info", stdin="".join(lines).encode(), env=env)


def _parents(root: Path, made: str) -> list[str]:
    return _said(root, "rev-list", "--parents", "--max-count=1", made).split()[1:]


def _expected_parents(approved: Changes) -> list[str]:
    return [approved.head] if approved.head else []


def _held(root: Path, head: str | None, made: str) -> dict[str, Entry]:
    """What a commit, or a tree, changes; the mode of a file that it takes away is `_GONE`."""
    since = head or _said(root, "hash-object", "-t", "tree", "--stdin")
    words = ("diff-tree", "-r", "-z", "--no-renames", since, made)
    fields = checked(run_git(root, *words), "look at the commit").split("\0")
    entries = {}
    for about, path in zip(fields[0::2], fields[1::2], strict=False):
        _, mode, _, id_, _ = about.split(" ")
        entries[path] = (mode, id_)
    return entries


def _made_before(root: Path, approved: Changes) -> str | None:
    """The commit that HEAD is at, where it is the approved one, made before a crash."""
    head = head_of(root)
    if head.commit in (None, approved.head) or head.branch != approved.branch:
        return None
    made = str(head.commit)
    if _parents(root, made) != _expected_parents(approved):
        return None
    held = _held(root, approved.head, made)
    files = {file.path: file for file in approved.files if file.status != UNCHANGED}
    is_it = held.keys() == files.keys() and all(_is_as_shown(root, files[path], held[path]) for path in held)
    return made if is_it else None


def _is_as_shown(root: Path, file: FileChange, entry: Entry) -> bool:
    mode, id_ = entry
    if file.sha256 is None or mode == _GONE:
        return file.sha256 is None and mode == _GONE
    kept = run_git(root, "cat-file", "blob", id_, limits=LOOK_LIMITS)
    if mode != file.mode or not is_well(kept):
        return False
    if hashlib.sha256(kept.stdout).hexdigest() == file.sha256:
        return True
    # A filter may stand between the two, as with line ends.
    found = find(root, file.path)
    return found.sha256 == file.sha256 and _stored(root, file.path, found) == id_


def _finished(root: Path, approved: Changes, made: str, message: str) -> Committed:
    """The person's own index is brought to what was committed, unless a hook has gone to another commit since."""
    remarks = []
    now = head_of(root)
    if (now.branch, now.commit) != (approved.branch, made):
        remarks.append(f"A hook has checked out {now.branch or now.commit} after the commit.")
    if now.commit != made:
        remarks.append("The index is left as it was; to bring it to what is checked out, run: git reset")
    elif not is_well(_update_index(root, _held(root, approved.head, made), {})):
        remarks.append("The index could not be brought up to date; run: git reset")
    _git(root, "update-index", "-q", "--refresh")
    said = _said(root, "-c", "i18n.logOutputEncoding=UTF-8", "log", "--max-count=1", "--format=%B", made)
    if said.strip() != message.strip():
        remarks.append(f"A hook has changed the message; it is now: {said.strip()}")
    return Committed(made, " ".join(remarks) or None)


def _not_as_shown(ours: Mapping[str, Entry], wanted: Mapping[str, Entry]) -> Changed:
    others = _unlike(ours, wanted)
    return Changed(f"Git would not commit just what was shown: {named(others)}.", tuple(others))


def _unlike(held: Mapping[str, Entry], wanted: Mapping[str, Entry]) -> list[str]:
    return sorted(path for path in {*held, *wanted} if held.get(path) != wanted.get(path))


def _taken_back(root: Path, approved: Changes, branch: str, made: str, wanted: Mapping[str, Entry]) -> Changed:
    """A hook has put something into the commit that nobody has seen."""
    held = _held(root, approved.head, made)
    others = _unlike(held, wanted)
    _take_back(root, branch, approved, made)
    why = f"A hook changed what was to be committed ({named(others)}); the commit {made[:12]} was taken back."
    return Changed(why, tuple(others))


def _gone_elsewhere(root: Path, approved: Changes) -> Changed:
    """The branch is as it was, for a hook has checked out another one: the commit, if there is one, is there."""
    made, taken_back = _tip(root, "HEAD"), ""
    if made is not None and made != approved.head and _parents(root, made) == _expected_parents(approved):
        _take_back(root, "HEAD", approved, made)
        taken_back = f"; the commit {made[:12]} was taken back"
    where = head_of(root).branch or "no branch"
    return Changed(f"A hook has checked out {where}, and {approved.branch} was approved{taken_back}.")


def _take_back(root: Path, ref: str, approved: Changes, made: str) -> None:
    reason = ("-m", "signoff: a hook changed what was approved")
    back = ("update-ref", *reason, ref, approved.head, made) if approved.head else ("update-ref", "-d", ref, made)
    checked(_git(root, *back), "take the commit back")


def _git(
    root: Path,
    *words: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    limits: Limits = LOOK_LIMITS,
    pass_fds: Sequence[int] = (),
) -> Outcome:
    """Git as the person has it, in this repository."""
    environ = {**_environment(), **(env or {})}
    return run_program(["git", *words], limits, stdin=stdin, cwd=root, env=environ, pass_fds=pass_fds)


def _environment() -> dict[str, str]:
    """The person's, without what would lead git to another repository or index."""
    kept = {
        name: value
        for name, value in inherited_environment().items()
        if not name.startswith("GIT_") or name.startswith(_KEPT)
    }
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": ":"}


def _said(root: Path, *words: str) -> str:
    return checked(_git(root, *words), f"do {words[0]}").strip()
