"""`mission override`: who lets a package pass that its newest review rejects, and why."""

from __future__ import annotations

from pathlib import Path

from mission_repository import MissionRepository

REJECTED = """---
cycle_number: 2
mission_slug: mission-alpha
wp_id: WP01
verdict: rejected
reviewer_agent: Grace
reviewed_at: "2026-05-02T09:50:15.123456+00:00"
house_rule: kept
---
No.
"""


def reject(repo: MissionRepository) -> Path:
    path = repo.folder / "tasks" / "WP01-the-parser" / "review-cycle-2.md"
    path.write_text(REJECTED)
    return path


def test_an_override_is_complete_lifts_the_conflict_and_stands_in_the_release_report(repo: MissionRepository) -> None:
    repo.approve_all()
    path = reject(repo)
    assert repo.findings() == {"REJECTED_REVIEW_ARTIFACT_CONFLICT": "error"}
    why = 'About "another" branch: (17)\nsee there'
    done = repo.json("mission", "override", "wp01", "--reason", why, "--actor", "Olga")
    assert (done["override_actor"], done["override_reason"], done["review_cycle_number"]) == ("Olga", why, 2)
    assert done["latest_review_cycle_path"] == "tasks/WP01-the-parser/review-cycle-2.md"
    text = path.read_text()
    assert "house_rule: kept" in text
    assert text.endswith("---\nNo.\n")
    assert repo.findings() == {}
    repo.json("mission", "merge")
    repo.answer("approve", repo.json("mission", "ship", code=3)["gate"])
    (row,) = [
        row for row in repo.json("mission", "ship")["report"]["work_packages"] if row["work_package_id"] == "WP01"
    ]
    assert (row["verdict"], row["override_actor"], row["override_reason"]) == ("rejected", "Olga", why)
    assert row["override_at"] == done["override_at"]
    repo.check()


def test_only_a_rejection_is_overridden_once_with_a_reason_and_by_somebody_else(repo: MissionRepository) -> None:
    def refused(*words: str, code: int = 1) -> str:
        found = repo.json("mission", "override", "WP01", *words, code=code)
        return str(found.get("diagnostic_code") or found["code"])

    assert refused("--reason", "why", "--actor", "Olga") == "REVIEW_OVERRIDE_REFUSED"
    repo.approve("WP01")
    assert refused("--reason", "why", "--actor", "Olga") == "REVIEW_OVERRIDE_REFUSED"
    path = reject(repo)
    assert refused("--reason", "my own work") == "REVIEW_OVERRIDE_REFUSED"
    assert refused("--reason", "  ", "--actor", "Olga", code=2) == "justification-required"
    assert path.read_text() == REJECTED
    repo.json("mission", "override", "WP01", "--reason", "why", "--actor", "Olga")
    before = path.read_text()
    assert refused("--reason", "once more", "--actor", "Otto") == "REVIEW_OVERRIDE_REFUSED"
    assert path.read_text() == before
    path.write_text("no front matter\n")
    assert repo("mission", "override", "WP01", "--reason", "why", "--actor", "Olga").code in (1, 2)
    assert path.read_text() == "no front matter\n"
