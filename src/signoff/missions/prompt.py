"""A review's prompt: a file of its own for each invocation, which says itself what it is for.

Before a reviewer is started what was asked for is compared with what the prompt says, member by member. Two reviews of
packages of one name, in two repositories or two missions, can so never be given each other's prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from signoff.missions import finding
from signoff.missions.finding import ERROR, Finding
from signoff.missions.front_matter import read_front_matter, write_front_matter


@dataclass(frozen=True)
class ReviewContext:
    """What a review is of. Paths are whole ones; `created_at` is ISO 8601. All are texts and none is empty."""

    invocation_id: str
    repo_root: str
    mission_id: str
    mission_slug: str
    work_package_id: str
    lane_worktree: str
    mission_branch: str
    lane_branch: str
    base_ref: str
    prompt_path: str
    created_at: str

    def to_wire(self) -> dict[str, str]:
        return asdict(self)


KEYS = tuple(one.name for one in fields(ReviewContext))


def write_prompt(context: ReviewContext, body: str) -> str:
    """The file's text: the context as front matter, then the body."""
    return write_front_matter(context.to_wire(), body)


def read_context(text: str) -> Mapping[str, object] | None:
    """What a prompt says it is for: the members of its front matter; None where it has none."""
    front = read_front_matter(text)
    return None if front.problems else front.members


def compare(request: ReviewContext, prompt: str | None) -> Finding | None:
    """
    Args:
        prompt: the text at the request's `prompt_path`, None where nothing can be read there.

    Returns:
        None where the prompt is for exactly what was asked for; anything else stops the review.
    """
    context = None if prompt is None else read_context(prompt)
    if context is None:
        message = f"{request.prompt_path} is not there, or does not say what it is for."
        return _finding(finding.REVIEW_PROMPT_METADATA_MISSING, message, request, {})
    missing = [key for key in KEYS if context.get(key) in (None, "")]
    if missing:
        message = f"{request.prompt_path} does not say: {', '.join(missing)}."
        return _finding(finding.REVIEW_PROMPT_METADATA_MISSING, message, request, context)
    asked = request.to_wire()
    different = [key for key in KEYS if context[key] != asked[key]]
    if different:
        message = f"{request.prompt_path} is for another review: {', '.join(different)} differ."
        return _finding(finding.REVIEW_PROMPT_METADATA_MISMATCH, message, request, context)
    return None


def _finding(diagnostic_code: str, message: str, request: ReviewContext, context: Mapping[str, object]) -> Finding:
    details = {
        "requested_context": request.to_wire(),
        "prompt_context": {key: context[key] for key in KEYS if key in context},
        "prompt_path": request.prompt_path,
    }
    return Finding(diagnostic_code, ERROR, message, request.work_package_id, details)
