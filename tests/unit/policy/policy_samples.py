"""Policies to test with."""

from __future__ import annotations

from signoff.errors import PolicyError
from signoff.policy.read import PolicyText, read_policy
from signoff.policy.risk import RiskPolicy
from signoff.settings.policy_files import load_policy

SHIPPED = load_policy(None)

LEVELS = """\
risk_levels:
  low: {auto_approve: true}
  medium: {approvers: [lead]}
  high: {approvers: [lead]}
  critical: {approvers: [boss]}
"""
ROLES = "roles: {lead: [medium, high], boss: [medium, high, critical]}\n"
WORDS = "operations: [deploy, read]\nseverities: [low, high]\n"
WHOLE = LEVELS + ROLES + WORDS


def policy_of(*texts: str) -> RiskPolicy:
    return read_policy([PolicyText(f"{at}.yaml", text) for at, text in enumerate(texts, start=1)])


def problems_of(*texts: str) -> list[tuple[str, int, str]]:
    """Path, line and code of each problem; none where the policy is taken."""
    try:
        policy_of(*texts)
    except PolicyError as error:
        return [(one["path"], one["line"], one["code"]) for one in error.details["problems"]]
    return []


def with_level(level: str, name: str = "high") -> str:
    """The whole policy, in which this level stands at line 4 (`high`)."""
    lines = [f"  {name}: {level}" if line.startswith(f"  {name}:") else line for line in WHOLE.splitlines()]
    return "\n".join(lines) + "\n"
