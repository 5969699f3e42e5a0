"""The prompts of reviews: what a review is of, from the mission's canonical state, and a file of its own for each.

Nothing here is rebuilt from a slug: the names of branches are those in `lanes.json`, and where a package's work begins
follows from these branches and from the events of the lane's other packages.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import DiagnosticError, OperationError
from signoff.missions.finding import LANE_BRANCH_MISSING
from signoff.missions.lanes_file import WorkLane
from signoff.missions.prompt import ReviewContext, compare, write_prompt
from signoff.missions.work_package import WorkPackage
from signoff.plans.mission_kind import REVIEW
from signoff.runners.mission.branches import EMPTY_TREE, begins_at, commit_named, fork_point, heads_of, worktree_of
from signoff.runners.mission.mission_state import MissionState
from signoff.runners.mission.planning import planning_work

FOLDER = "review-prompts"
PROMPT_BYTES_MAX = 4_194_304

_PLACE_DIGITS = 12


@dataclass(frozen=True)
class ReviewSubject:
    """What a review is of. `base_ref` is what the place is called at which the package's work begins, `base_commit` the
    commit there, and `lane_commit` the one that is looked at. A package that changes no code is in no lane's branch and
    worktree, but in the primary checkout and on what is checked out there."""

    state: MissionState
    package: WorkPackage
    lane_branch: str
    lane_worktree: Path
    base_ref: str
    base_commit: str
    lane_commit: str

    @property
    def last_event_id(self) -> str:
        """That of the event that brought the package where it is."""
        return self.state.reduced.work_packages[self.package.work_package_id].last_event_id

    def context(self, *, invocation_id: str, prompt_path: Path, created_at: str) -> ReviewContext:
        return ReviewContext(
            invocation_id=invocation_id,
            repo_root=str(self.state.place.checkout.root),
            mission_id=self.state.mission_id,
            mission_slug=self.state.place.slug,
            work_package_id=self.package.work_package_id,
            lane_worktree=str(self.lane_worktree),
            mission_branch=self.state.lanes.mission_branch,
            lane_branch=self.lane_branch,
            base_ref=self.base_ref,
            prompt_path=str(prompt_path),
            created_at=created_at,
        )


def review_subject(state: MissionState, wp_id: str) -> ReviewSubject:
    """
    Raises:
        DiagnosticError: (`LANE_BRANCH_MISSING`). NotFoundError, MissionError: as the mission's files are read.
    """
    root, package = state.place.checkout.root, state.package(wp_id)
    if not package.changes_code:
        work = planning_work(state, package)
        return ReviewSubject(state, package, work.branch, root, work.base_commit, work.base_commit, work.commit)
    lane = state.lane_of(wp_id)
    branch = state.lanes.branch_of(lane)
    heads = heads_of(root)
    head = heads.get(branch)
    if head is None:
        raise DiagnosticError(
            f"There is no branch {branch} here, in which {wp_id} is worked on.",
            diagnostic_code=LANE_BRANCH_MISSING,
            remediation=f"Fetch it, or begin the work: signoff mission start {wp_id}",
            details={"mission_slug": state.place.slug, "work_package_id": wp_id, "lane_branch": branch},
        )
    worktree = worktree_of(root, branch) or root
    base_ref, base_commit = _base(state, lane, wp_id, heads)
    return ReviewSubject(state, package, branch, worktree, base_ref, base_commit, head)


def prompt_path(state_dir: Path, subject: ReviewSubject, invocation_id: str) -> Path:
    """`<repo>-<12 hex of its path>/<mission>/<WP>/<invocation>.md`: no two repositories, missions, packages or reviews
    share one."""
    root = subject.state.place.checkout.root
    place = f"{root.name}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:_PLACE_DIGITS]}"
    folder = state_dir / FOLDER / place / subject.state.place.slug / subject.package.work_package_id
    return folder / f"{invocation_id}.md"


def write_review_prompt(context: ReviewContext, body: str) -> None:
    """Write the file, which must not be there, and compare it with what it is for.

    Raises:
        OperationError: (`prompt-not-written`). DiagnosticError: as `check_prompt`.
    """
    path = Path(context.prompt_path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(write_prompt(context, body))
    except OSError as error:
        raise OperationError(
            f"The review's prompt {path} cannot be written: {error.strerror}.", code="prompt-not-written"
        ) from None
    check_prompt(context)


def check_prompt(request: ReviewContext) -> None:
    """
    Raises:
        DiagnosticError: (`REVIEW_PROMPT_METADATA_MISMATCH`, `_MISSING`) the prompt is not for this review, so that no
            reviewer may be started with it.
    """
    found = compare(request, _read(Path(request.prompt_path)))
    if found is not None:
        raise DiagnosticError(
            found.message,
            diagnostic_code=found.diagnostic_code,
            remediation="Nobody may review with it. Have another one made, and the review asked anew: signoff mission "
            f"review {request.work_package_id} --anew",
            details={"mission_slug": request.mission_slug, "work_package_id": request.work_package_id, **found.details},
        )


def review_about(subject: ReviewSubject, context: ReviewContext, from_event: str) -> dict[str, str]:
    """What the plan of a review says that it is of (`plans.mission.review_plan`). `from_event` is the id of the event
    that put the package before its reviewer."""
    return {
        **context.to_wire(),
        "kind": REVIEW,
        "folder": subject.state.place.shown(subject.state.place.folder),
        "base_commit": subject.base_commit,
        "lane_commit": subject.lane_commit,
        "from_event": from_event,
        "execution_mode": subject.package.worked_on_in,
    }


def review_instructions(subject: ReviewSubject) -> str:
    """The body of the prompt: for a reviewing agent, or a person."""
    package, lanes = subject.package, subject.state.lanes
    git = f"git -C {shlex.quote(str(subject.lane_worktree))}"
    return f"""# Review {package.work_package_id}: {package.title}

Look at what was done, in {subject.lane_worktree}:

    {git} diff {subject.base_commit} {subject.lane_commit}
    {git} log --oneline {subject.base_commit}..{subject.lane_commit}

It lies in `{subject.lane_branch}` of `{lanes.mission_branch}`, and began at `{subject.base_ref}`. Files that the
package owns: {", ".join(package.owned_files) or "none are named"}.

Say what is wrong so that whoever did it can put it right. Change nothing yourself: what you say is recorded when the
review's gate is answered.

# The work package

{package.body.strip()}
"""


def _read(path: Path) -> str | None:
    """None for what is no plain file of a size that a prompt has; a link could lead to another review's."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            data = file.read(PROMPT_BYTES_MAX + 1)
    except OSError:
        return None
    return None if len(data) > PROMPT_BYTES_MAX else data.decode("utf-8", errors="replace")


def _base(state: MissionState, lane: WorkLane, wp_id: str, heads: Mapping[str, str]) -> tuple[str, str]:
    """Where the package's own work begins: behind what the mission's branch has, what the lanes have that this one
    depends on, and what was approved of other packages in this lane. Nothing else is left out of a review."""
    root, lanes = state.place.checkout.root, state.lanes
    head = heads[lanes.branch_of(lane)]
    needed = [lanes.branch_of(other) for name in lane.depends_on_lanes if (other := lanes.lane(name)) is not None]
    branches = [lanes.mission_branch, lanes.target_branch, *needed]
    approved = [commit for other, commit in state.reviewed_commits(lane) if other != wp_id]
    known = [*(heads.get(branch) for branch in branches), *(commit_named(root, one) for one in approved)]
    base = begins_at(root, head, [commit for commit in known if commit is not None])
    if base is None:
        return EMPTY_TREE, EMPTY_TREE
    own = heads.get(lanes.mission_branch)
    is_plain = own is not None and fork_point(root, own, head) == base
    return (lanes.mission_branch if is_plain else base), base
