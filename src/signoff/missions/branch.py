"""What the branches and worktrees of a mission are called.

The names are made once, when the mission is: the mission's own from its slug, a lane's from the mission's own. From
then on they are read from `lanes.json`, as nothing about a slug says which branches belong to it.
"""

from __future__ import annotations

import re

from signoff.errors import InvalidInputError

#: Each part of a name is a file in the repository, with `.lock` behind it while it is written.
NAME_BYTES_MAX = 240

#: What git takes in the name of a branch everywhere, and no shell reads as anything else: letters of every script.
_BRANCH = re.compile(r"\w[\w.+-]*(?:/\w[\w.+-]*)*")
_OTHER = re.compile(r"[^\w.+-]+")
_DOTS = re.compile(r"\.{2,}")


def make_mission_branch(slug: str) -> str:
    return check_branch(f"mission/{_plain(slug)}")


def make_lane_branch(mission_branch: str, lane_id: str) -> str:
    """Beside the mission's own: a branch cannot be in a folder that another branch is called."""
    return check_branch(f"{mission_branch}-{lane_id}")


def make_worktree_name(mission_branch: str, lane_id: str) -> str:
    """Of the folder of a lane's worktree."""
    return f"{mission_branch.replace('/', '-')}-{lane_id}"


def make_focused_branch(slug: str, target: str) -> str:
    """Of the branch with a mission's own commits only; a target's slashes would make folders of it."""
    return check_branch(f"signoff/pr/{_plain(slug)}-to-{_plain(target)}")


def check_branch(name: str) -> str:
    """
    Raises:
        InvalidInputError: (`bad-branch-name`) it is no name for a branch.
    """
    is_taken = name.endswith((".lock", ".", "/")) or ".." in name or ".lock/" in name
    if _BRANCH.fullmatch(name) is None or is_taken or len(name.encode(errors="replace")) > NAME_BYTES_MAX:
        raise InvalidInputError(
            f"{name[:80]!r} is no name for a branch: letters, digits, '.', '_', '-', '+' and '/' are.",
            code="bad-branch-name",
            details={"value": name[:NAME_BYTES_MAX]},
        )
    return name


def _plain(text: str) -> str:
    """As a part of a name, whatever an older tool or a person called the thing."""
    return _DOTS.sub(".", _OTHER.sub("-", text)).strip(".-").removesuffix(".lock")
