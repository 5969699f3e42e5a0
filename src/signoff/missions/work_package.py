"""A work package's file: what it is called, what it may change, and the subtasks that it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import Problem, all_at_once, shown
from signoff.errors import MissionError
from signoff.missions.event import DIRECT_REPO, WORKTREE
from signoff.missions.files import work_package_in
from signoff.missions.front_matter import FrontMatter, read_front_matter

CODE_CHANGE, PLANNING_ARTIFACT = EXECUTION_MODES = ("code_change", "planning_artifact")

_TEXTS = ("title", "planning_base_branch", "merge_target_branch", "assignee", "agent", "scope")
_LISTS = ("dependencies", "requirement_refs", "owned_files", "create_intent")
#: Of older tools; they mean nothing here.
_OLDER = frozenset({
    *("agent_profile", "authoritative_surface", "base_branch", "base_commit", "branch_strategy", "created_at", "lane"),
    *("mission_id", "mission_number", "mission_slug", "model", "phase", "priority", "review_feedback", "review_status"),
    *("reviewed_by", "role", "shell_pid", "shell_pid_created_at", "tags", "task_type", "tracker_refs", "wp_code"),
})  # fmt: skip
KNOWN_KEYS = frozenset({"work_package_id", "subtasks", "history", "execution_mode", *_TEXTS, *_LISTS})

_ID = re.compile(r"WP[0-9]{2,4}")
_SUBTASK = re.compile(r"\s*[-*+] \[([ xX])\] +\W{0,3}([A-Za-z]+[0-9]+)\b")


@dataclass(frozen=True)
class WorkPackage:
    """`members` are the whole front matter, `unknown` those of its keys that nobody knows. `subtasks` are ids."""

    work_package_id: str
    title: str = ""
    dependencies: tuple[str, ...] = ()
    requirement_refs: tuple[str, ...] = ()
    planning_base_branch: str = ""
    merge_target_branch: str = ""
    subtasks: tuple[str, ...] = ()
    assignee: str = ""
    agent: str = ""
    history: tuple[Any, ...] = ()
    execution_mode: str = EXECUTION_MODES[0]
    owned_files: tuple[str, ...] = ()
    create_intent: tuple[str, ...] = ()
    scope: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)
    body: str = ""

    @property
    def globs(self) -> tuple[str, ...]:
        """Of every file that it may change."""
        return (*self.owned_files, *self.create_intent)

    @property
    def owns_anything(self) -> bool:
        return bool(self.globs)

    @property
    def changes_code(self) -> bool:
        """Such packages are worked on in their lane's worktree, the others in the primary checkout."""
        return self.execution_mode == CODE_CHANGE

    @property
    def worked_on_in(self) -> str:
        """As events say it."""
        return WORKTREE if self.changes_code else DIRECT_REPO

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(key for key in self.members if key not in KNOWN_KEYS | _OLDER)

    def open_subtasks(self, tasks_md: str = "") -> tuple[str, ...]:
        """Those that are not ticked: in the package's own text, or where it has no box for one, in `tasks.md`. What is
        ticked nowhere is open; boxes in the package's text for others count too."""
        boxes = {**subtask_boxes(tasks_md, only=self.subtasks), **subtask_boxes(self.body)}
        return tuple(one for one in dict.fromkeys((*self.subtasks, *boxes)) if not boxes.get(one))


def read_work_package(text: str, *, path: str) -> WorkPackage:
    """
    Args:
        path: of the file; its name begins with the package's id.

    Raises:
        MissionError: with everything that is wrong in the front matter.
    """
    front = read_front_matter(text)
    problems = list(front.problems) or list(_problems(front, path))
    if problems:
        raise all_at_once(MissionError, {path: problems})
    said = {key: value for key, value in front.members.items() if value is not None}
    values: dict[str, Any] = {key: str(said[key]) for key in _TEXTS if key in said}
    values.update({key: tuple(said[key]) for key in (*_LISTS, "history") if key in said})
    return WorkPackage(
        work_package_id=said["work_package_id"],
        **values,
        subtasks=tuple(_subtask_id(one) or "" for one in said.get("subtasks", ())),
        execution_mode=said.get("execution_mode", EXECUTION_MODES[0]),
        members=front.members,
        body=front.body,
    )


def subtask_boxes(text: str, *, only: Sequence[str] | None = None) -> dict[str, bool]:
    """The items `- [x] T001 ...` of a text, by their ids: whether they are ticked. Each box of an id has to be."""
    boxes: dict[str, bool] = {}
    for line in text.split("\n") if "- [" in text or "* [" in text or "+ [" in text else ():
        match = _SUBTASK.match(line)
        if match and (only is None or match[2] in only):
            boxes[match[2]] = boxes.get(match[2], True) and match[1] != " "
    return boxes


def _problems(front: FrontMatter, path: str) -> Iterator[Problem]:
    said = front.members
    wp_id = said.get("work_package_id")
    if not isinstance(wp_id, str) or _ID.fullmatch(wp_id) is None:
        found = "no work_package_id" if wp_id is None else f"work_package_id {shown(str(wp_id))}"
        yield Problem(front.line("work_package_id"), "invalid-value", found, "WP and two digits")
    elif work_package_in(path.rpartition("/")[2]) != wp_id:
        yield Problem(front.line("work_package_id"), "invalid-value", wp_id, "the id with which the file's name begins")
    mode = said.get("execution_mode")
    if mode is not None and mode not in EXECUTION_MODES:
        found = f"execution_mode {shown(str(mode))}"
        yield Problem(front.line("execution_mode"), "invalid-value", found, f"one of {', '.join(EXECUTION_MODES)}")
    for key in _TEXTS:
        if isinstance(said.get(key), list | dict):
            yield Problem(front.line(key), "invalid-value", f"{key} that is no text", "one line of text")
    for key in (*_LISTS, "subtasks", "history"):
        yield from _list_problems(front, key)


def _list_problems(front: FrontMatter, key: str) -> Iterator[Problem]:
    value = front.members.get(key)
    if value is not None and not isinstance(value, list):
        yield Problem(front.line(key), "invalid-value", f"{key} {shown(str(value))}", "a list")
        return
    for at, one in enumerate(value or ()):
        is_taken = _subtask_id(one) if key == "subtasks" else isinstance(one, str)
        if not is_taken and key != "history":
            line = front.yaml.line((key, at))
            yield Problem(line, "invalid-value", f"{shown(str(one))} in {key}", "a text")


def _subtask_id(one: Any) -> str | None:
    """A text, or an older mapping with an id."""
    found = one.get("id") if isinstance(one, Mapping) else one
    return found if isinstance(found, str) and found else None
