"""Findings in words."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.cli.output import say
from signoff.cli.terminal import one_line
from signoff.missions.finding import Finding

_COLOURS = {"error": "red", "warning": "yellow"}


def draw_findings(findings: Sequence[Finding]) -> None:
    """Each with what to do about it, where that is known."""
    for one in findings:
        say(f"  {one.severity}  {one.diagnostic_code}  {one_line(one.message)}", fg=_COLOURS[one.severity])
        if remediation := one.details.get("remediation"):
            say(f"    {one_line(str(remediation))}", dim=True)
