"""What is wrong with a policy's files: all of it at once, each with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from policy_samples import LEVELS, ROLES, WHOLE, WORDS, policy_of, problems_of, with_level

from signoff.errors import PolicyError
from signoff.policy.risk import assess
from signoff.settings.policy_files import load_policy

#: The line after the last of WHOLE.
NEXT = WHOLE.count("\n") + 1


def test_a_whole_policy_is_taken() -> None:
    assert problems_of(WHOLE) == []
    assert problems_of(LEVELS, ROLES, WORDS) == []


@pytest.mark.parametrize(
    ("level", "code"),
    [
        ("{}", "no-approvers"),
        ("{approvers: []}", "no-approvers"),
        ("{auto_approve: false}", "no-approvers"),
        ("{approvers: [ghost]}", "unknown-role"),
        ("{approvers: ['*']}", "unknown-role"),
        ("{approvers: [lead, lead]}", "duplicate-name"),
        ("{approvers: [lead], require_secondary_approval: [ghost]}", "unknown-role"),
        ("{approvers: [lead], require_secondary_approval: []}", "no-approvers"),
        ("{approvers: [lead], escalate_after: 1m}", "escalation-to-nobody"),
        ("{approvers: [lead], escalate_after: 1m, escalate_to: []}", "escalation-to-nobody"),
        ("{approvers: [lead], escalate_after: 1m, escalate_to: [lead]}", "escalation-to-nobody"),
        ("{approvers: [lead], escalate_after: 1m, escalate_to: [ghost]}", "unknown-role"),
        ("{approvers: [lead], escalate_to: [boss]}", "dead-setting"),
        ("{approvers: [lead], max_escalations: 2}", "dead-setting"),
        ("{approvers: [lead], timeout: 1m, escalate_after: 1m, escalate_to: [boss]}", "escalation-too-late"),
        ("{approvers: [lead], timeout: 1m, escalate_after: 2m, escalate_to: [boss]}", "escalation-too-late"),
        ("{approvers: [lead], timeout: 3m, escalate_after: 1m, escalate_to: [boss], max_escalations: 3}",
         "escalation-too-late"),
        ("{approvers: [lead], timeout: soon}", "meaningless-time"),
        ("{approvers: [lead], timeout: 30}", "meaningless-time"),
        ("{approvers: [lead], timeout: 0m}", "meaningless-time"),
        ("{approvers: [lead], timeout: 31d}", "meaningless-time"),
        ("{approvers: [lead], timeout: -5m}", "meaningless-time"),
        ("{approvers: [lead], escalate_after: never, escalate_to: [boss]}", "meaningless-time"),
        ("{approvers: [lead], on_timeout: approve}", "meaningless-time"),
        ("{approvers: [lead], on_timeout: maybe}", "invalid-value"),
        ("{approvers: [lead], required_approvals: 0}", "invalid-value"),
        ("{approvers: [lead], required_approvals: true}", "invalid-value"),
        ("{approvers: [lead], require_justification: often}", "invalid-value"),
        ("{approvers: [lead], aprovers: [boss]}", "unknown-key"),
        ("{auto_approve: true, approvers: [lead]}", "dead-setting"),
        ("{auto_approve: true, timeout: 1h}", "dead-setting"),
        ("[lead]", "invalid-shape"),
        ("{approvers: [lead], schedule: {hours: 09:00-17:00}}", "incomplete-schedule"),
        ("{approvers: [lead], schedule: {timezone: UTC}}", "incomplete-schedule"),
        ("{approvers: [lead], schedule: {timezone: UTC, hours: 17:00-09:00}}", "meaningless-time"),
        ("{approvers: [lead], schedule: {timezone: UTC, hours: nine to five}}", "meaningless-time"),
        ("{approvers: [lead], schedule: {timezone: ../UTC, hours: 09:00-17:00}}", "unknown-timezone"),
        ("{approvers: [lead], schedule: {timezone: UTC, hours: 09:00-17:00, days: [monday]}}", "unknown-day"),
        ("{approvers: [lead], schedule: {timezone: UTC, hours: 09:00-17:00, days: []}}", "incomplete-schedule"),
        ("{approvers: [lead], schedule: {timezone: UTC, hours: 09:00-17:00, holidays: true}}", "unknown-key"),
    ],
)  # fmt: skip
def test_a_level_that_cannot_be_kept_is_refused_at_its_line(level: str, code: str) -> None:
    assert ("1.yaml", 4, code) in problems_of(with_level(level))


def test_an_approver_must_be_somebody_who_may_approve_the_level() -> None:
    assert problems_of(with_level("{approvers: [lead]}", "critical")) == [("1.yaml", 5, "role-may-not-approve")]
    escalation = "{approvers: [boss], escalate_after: 1m, escalate_to: [lead]}"
    assert problems_of(with_level(escalation, "critical")) == [("1.yaml", 5, "role-may-not-approve")]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("{name: a, level: high}", "no-condition"),
        ("{name: a, when: {}, level: high}", "no-condition"),
        ("{name: a, when: {operation: read}}", "no-level"),
        ("{name: a, when: {operation: read}, level: high, trigger: t}", "no-level"),
        ("{name: a, when: {operation: read}, level: severe}", "unknown-level"),
        ("{name: a, when: {operation: read}, trigger: none}", "unknown-trigger"),
        ("{name: a, when: {operation: read}, trigger: [t]}", "unknown-trigger"),
        ("{when: {operation: read}, level: high}", "bad-name"),
        ("{name: A rule, when: {operation: read}, level: high}", "bad-name"),
        ("{name: high, when: {operation: read}, level: high}", "duplicate-name"),
        ("{name: t, when: {operation: read}, level: high}", "duplicate-name"),
        ("{name: unknown-operation, when: {operation: read}, level: high}", "duplicate-name"),
        ("{name: a, when: {operation: read}, level: high, since: 3}", "unknown-key"),
        ("{name: a, when: {operation: read}, level: high, because: 3}", "invalid-value"),
        ("{name: a, when: {operation: read}, level: high, because: ' '}", "invalid-value"),
        ("{name: a, when: {operation: purge}, level: high}", "rule-never-fires"),
        ("{name: a, when: {operation: [read, purge]}, level: high}", "rule-never-fires"),
        ("{name: a, when: {operation: {glob: 'x*'}}, level: high}", "rule-never-fires"),
        ("{name: a, when: {security_findings: {any_severity: huge}}, level: high}", "rule-never-fires"),
        ("{name: a, when: {security_findings: high}, level: high}", "rule-never-fires"),
        ("{name: a, when: {estimated_cost: high}, level: high}", "rule-never-fires"),
        ("{name: a, when: {estimated_cost: -1}, level: high}", "rule-never-fires"),
        ("{name: a, when: {data_sensitive: 1}, level: high}", "rule-never-fires"),
        ("{name: a, when: {trigger: dangr}, level: high}", "rule-never-fires"),
        ("{name: a, when: {trigger: [t, dangr]}, level: high}", "rule-never-fires"),
        ("{name: a, when: {trigger: {glob: 'd*'}}, level: high}", "rule-never-fires"),
        ("{name: a, when: {environment: {glob: '[z-a]*'}}, level: high}", "rule-never-fires"),
        ('{name: a, when: {environment: "prod\\u200buction"}, level: high}', "rule-never-fires"),
        ('{name: a, when: {environment: [a, "pr\\u043Ed"]}, level: high}', "rule-never-fires"),
        ("{name: a, when: {Environment: production}, level: high}", "rule-never-fires"),
        ("{name: a, when: {targetBranch: main}, level: high}", "rule-never-fires"),
        ("{name: a, when: {environment: {any_severity: high}}, level: high}", "rule-never-fires"),
        ("{name: a, when: {environment: {at_least: x}}, level: high}", "invalid-condition"),
        ("{name: a, when: {environment: {glob: 5}}, level: high}", "invalid-condition"),
        ("{name: a, when: {environment: {in: []}}, level: high}", "invalid-condition"),
        ("{name: a, when: {environment: {is: x}}, level: high}", "unknown-key"),
        ("{name: a, when: {environment: {equals: a, glob: b}}, level: high}", "invalid-condition"),
        ("{name: a, when: {environment: [[a]]}, level: high}", "invalid-condition"),
        ("{name: a, when: {environment: ~}, level: high}", "no-condition"),
        ("{name: a, when: [read], level: high}", "invalid-shape"),
        ("just text", "invalid-shape"),
    ],
)
def test_a_rule_that_cannot_fire_or_leads_nowhere_is_refused_at_its_line(rule: str, code: str) -> None:
    text = WHOLE + "triggers: {t: high}\nrules:\n  - " + rule + "\n"
    assert ("1.yaml", NEXT + 2, code) in problems_of(text)


def test_a_rule_may_look_at_a_trigger_that_there_is_and_at_any_word_of_a_description() -> None:
    for wanted in ("T", "[t]", "{glob: '?'}"):
        rules = f"rules:\n  - {{name: a, when: {{trigger: {wanted}}}, level: high}}\n"
        assert problems_of(WHOLE + "triggers: {t: high}\n" + rules) == []
    mixed = 'rules:\n  - {name: a, when: {description: {glob: "*SMS\\u043Aa*"}}, level: high}'
    assert problems_of(WHOLE + mixed) == []


def test_a_trigger_of_which_no_rule_can_fire_is_refused_and_one_without_a_rule_can_be_named() -> None:
    dead = "triggers:\n  t: high\nrules:\n  - {name: a, when: {operation: purge}, trigger: t}\n"
    assert problems_of(WHOLE + dead) == [
        ("1.yaml", NEXT + 1, "trigger-never-fires"),
        ("1.yaml", NEXT + 3, "rule-never-fires"),
    ]
    live = dead + "  - {name: b, when: {operation: read}, trigger: t}\n"
    assert problems_of(WHOLE + live) == [("1.yaml", NEXT + 3, "rule-never-fires")]
    policy = policy_of(WHOLE + "triggers: {t: high}\n")
    assert assess({"operation": "read", "trigger": "T"}, policy).risk_level == "high"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("triggers: {t: severe}\n", "unknown-level"),
        ("triggers: {T: high}\n", "bad-name"),
        ("triggers: [t]\n", "invalid-shape"),
        ("rules: {a: b}\n", "invalid-shape"),
        ("unknown_operation: none\n", "unknown-level"),
        ("risk_level: {}\n", "unknown-key"),
        ("operations: [read]\n", "invalid-yaml"),
        ("rules: [*a]\n", "invalid-yaml"),
    ],
)
def test_what_is_no_section_or_no_value_of_one_is_refused_at_its_line(text: str, code: str) -> None:
    assert ("1.yaml", NEXT, code) in problems_of(WHOLE + text)


def test_a_file_beyond_all_bounds_is_not_read() -> None:
    assert ("1.yaml", 1, "too-large") in problems_of(WHOLE + "#" * 500_000)


def test_two_rules_look_at_a_field_as_the_same_type() -> None:
    rules = [f"  - {{name: {name}, when: {{x: {value}}}, level: high}}\n" for name, value in (("a", "1"), ("b", "y"))]
    assert problems_of(WHOLE + "rules:\n" + "".join(rules)) == [("1.yaml", NEXT + 2, "conflicting-types")]


def test_a_role_names_levels_that_there_are() -> None:
    assert ("1.yaml", 1, "unknown-level") in problems_of("roles: {lead: [medium, high, severe]}\n" + LEVELS)


def test_every_level_must_be_there_and_no_other() -> None:
    assert ("1.yaml", 1, "missing-level") in problems_of(WHOLE.replace("  low: {auto_approve: true}\n", ""))
    assert ("1.yaml", 2, "unknown-level") in problems_of(WHOLE.replace("  low:", "  lowest:"))


def test_names_of_two_files_are_compared_and_each_problem_has_its_own_file() -> None:
    again = "roles: {lead: [medium]}\nrules:\n  - {name: a, when: {operation: purge}, level: high}\n"
    assert problems_of(WHOLE, again) == [("2.yaml", 1, "duplicate-name"), ("2.yaml", 3, "rule-never-fires")]
    rule = "rules:\n  - {name: a, when: {operation: read}, level: high}\n"
    assert problems_of(WHOLE + rule, rule) == [("2.yaml", 2, "duplicate-name")]
    assert problems_of(WHOLE, "unknown_operation: high\n", "\nunknown_operation: low\n") == [
        ("3.yaml", 2, "duplicate-name")
    ]
    assert problems_of(WHOLE, "operations: [deploy]\n") == [("2.yaml", 1, "duplicate-name")]


def test_one_error_tells_everything_in_words_too() -> None:
    text = with_level("{approvers: [ghost]}").replace("medium: {approvers: [lead]}", "medium: {timeout: soon}")
    with pytest.raises(PolicyError) as refused:
        policy_of(text)
    assert refused.value.code == "invalid-policy"
    assert str(refused.value).splitlines() == [
        "1.yaml:3: found timeout 'soon'; expected a time like 90s, 30m, 2h or 1d, at most 30d.",
        "1.yaml:3: found the level medium without approvers; expected approvers, or auto_approve: true.",
        "1.yaml:4: found the role 'ghost'; expected one of lead, boss.",
    ]
    assert (refused.value.path, refused.value.line) == ("1.yaml", 3)


# Folders

#: In place of the shipped rules and triggers, which want the shipped operations.
NOTHING = "rules: []\ntriggers: {}\n"


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def test_the_files_of_a_folder_are_one_policy_and_others_are_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path, a=LEVELS, b=ROLES, c=WORDS + NOTHING)
    (folder / "notes.md").write_text("# not YAML: [", "utf-8")
    policy = load_policy(folder)
    assert set(policy.roles) == {"lead", "boss"}
    assert policy.operations == {"deploy", "read"}


def test_a_section_that_no_file_has_is_as_shipped(tmp_path: Path) -> None:
    rules = "rules:\n  - {name: mine, when: {operation: merge, target_branch: main}, level: critical}\n"
    policy = load_policy(write(tmp_path, rules=rules))
    assert [rule.name for rule in policy.rules] == ["mine"]
    assert policy.rules[0].where == f"{tmp_path}/rules.yaml:2"
    assert assess({"operation": "merge", "target_branch": "main"}, policy).risk_level == "critical"
    assert assess({"operation": "delete", "environment": "production"}, policy).risk_level == "low"
    assert policy.levels["critical"].approvers == ("tech_lead", "cto")


def test_a_shipped_section_that_does_not_fit_is_told_with_its_own_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"built-in/risk-assessment-rules.yaml:\d+: found the role 'team_lead'"):
        load_policy(write(tmp_path, roles="roles: {boss: [medium, high, critical]}\n"))


def test_a_time_zone_that_the_system_does_not_have_is_refused(tmp_path: Path) -> None:
    schedule = "{approvers: [lead], schedule: {timezone: Europe/Atlantis, hours: 09:00-17:00}}"
    with pytest.raises(PolicyError, match="Europe/Atlantis"):
        load_policy(write(tmp_path, policy=with_level(schedule) + NOTHING))
    load_policy(write(tmp_path, policy=with_level(schedule.replace("Atlantis", "Berlin")) + NOTHING))


def test_a_folder_without_a_policy_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    for folder in (tmp_path, tmp_path / "none", tmp_path / "file"):
        with pytest.raises(PolicyError) as refused:
            load_policy(folder)
        assert refused.value.path == str(folder)


@pytest.mark.parametrize(("data", "line"), [(b"", 1), (b"just text", 1), (b"rules: []\n\xff", 1), (b"a: [\n", 2)])
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, data: bytes, line: int) -> None:
    (tmp_path / "bad.yml").write_bytes(data)
    with pytest.raises(PolicyError) as refused:
        load_policy(tmp_path)
    assert (refused.value.path, refused.value.line) == (f"{tmp_path}/bad.yml", line)
