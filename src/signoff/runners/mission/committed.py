"""The mission's own record in git: which files it is, and the commits that hold nothing else.

Commands keep the record as files, and people commit it when they like. A commit of the record alone changes nothing of
what is released, so that a sign-off stays one of the commit before it.
"""

from __future__ import annotations

from pathlib import Path

from signoff.errors import OperationError
from signoff.missions.files import EVENTS_FILE, LANES_FILE, SNAPSHOT_FILE, TASKS_FILE, TASKS_FOLDER
from signoff.missions.meta import META_FILE
from signoff.runners.git import run_git
from signoff.runners.mission.acting_git import act_git
from signoff.runners.mission.branches import commit_of, is_well, names_in, parents_of, said
from signoff.runners.mission.place import MissionPlace

REPORT_JSON, REPORT_MARKDOWN = "release-report.json", "release-report.md"

#: What only commands write.
STATE_FILES = frozenset({EVENTS_FILE, LANES_FILE, SNAPSHOT_FILE, META_FILE})
_RECORD_FILES = STATE_FILES | {f"{EVENTS_FILE}.torn", TASKS_FILE, REPORT_JSON, REPORT_MARKDOWN}
#: So many commits of a record in a row are looked past.
_COMMITS_MAX = 100


def is_record(place: MissionPlace, path: str) -> bool:
    """Whether a path of the repository belongs to the record."""
    folder = f"{place.shown(place.folder)}/"
    inside = path.removeprefix(folder)
    return path.startswith(folder) and (inside in _RECORD_FILES or inside.startswith(f"{TASKS_FOLDER}/"))


def released_commit(place: MissionPlace, branch: str) -> str | None:
    """The newest commit of the branch that holds more than the mission's record; None where there is no such branch."""
    root = place.checkout.root
    commit = commit_of(root, branch)
    for _ in range(_COMMITS_MAX):
        parents = [] if commit is None else parents_of(root, commit)
        if commit is None or len(parents) != 1 or not _holds_record_alone(place, commit):
            break
        commit = parents[0]
    return commit


def uncommitted_record(place: MissionPlace) -> list[str]:
    """The files of the record that the commit which is checked out has otherwise; nothing where the mission is kept
    outside of the repository, or git does not look at it."""
    root, folder = place.checkout.root, place.shown(place.folder)
    if Path(folder).is_absolute():
        return []
    changed = run_git(root, "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "HEAD", "--", folder)
    new = run_git(root, "ls-files", "--others", "--exclude-per-directory=.gitignore", "-z", "--", folder)
    if not (is_well(changed) and is_well(new)):
        raise OperationError("git cannot say what of the mission is not committed.", code="git-failed")
    names = (changed.stdout + new.stdout).decode("utf-8", errors="surrogateescape").split("\0")
    return sorted({name for name in names if name and is_record(place, name)})


def commit_record(place: MissionPlace, branch: str, message: str) -> str | None:
    """Commit the record where the branch is checked out in the primary checkout, and nothing else of what is changed or
    staged there; the commit, None where there was nothing to do or the branch is not checked out.

    Raises:
        OperationError: (`git-failed`) git refused, or a hook.
    """
    root = place.checkout.root
    names = uncommitted_record(place)
    if not names or said(run_git(root, "symbolic-ref", "--quiet", "--short", "HEAD")) != branch:
        return None
    paths = "\0".join(names).encode("utf-8", errors="surrogateescape")
    from_stdin = ("--pathspec-from-file=-", "--pathspec-file-nul")
    act_git(root, "--literal-pathspecs", "add", "--all", *from_stdin, stdin=paths)
    act_git(root, "--literal-pathspecs", "commit", "--quiet", "--only", "-m", message, *from_stdin, stdin=paths)
    return commit_of(root, branch)


def _holds_record_alone(place: MissionPlace, commit: str) -> bool:
    names = names_in(place.checkout.root, [commit])
    return bool(names) and all(is_record(place, name) for name in names)
