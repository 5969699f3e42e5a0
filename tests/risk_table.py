"""What the shipped policy takes each kind of task for: written out by hand, not read from the files."""

from __future__ import annotations

from typing import Any

Row = tuple[dict[str, Any], str]


def in_(environment: str, operation: str, **more: Any) -> dict[str, Any]:
    return {"operation": operation, "environment": environment, **more}


def found(*severities: str) -> dict[str, Any]:
    return {"operation": "merge", "security_findings": [{"severity": severity} for severity in severities]}


ROWS: tuple[Row, ...] = (
    (in_("production", "delete"), "critical"),
    (in_("staging", "delete"), "low"),
    (in_("production", "deploy"), "high"),
    (in_("staging", "deploy"), "low"),
    (in_("production", "read"), "low"),
    (found("critical"), "critical"),
    (found("low", "critical", "high"), "critical"),
    (found("high"), "high"),
    (found("medium", "high"), "high"),
    (found("medium"), "medium"),
    (found("low"), "low"),
    (found(), "low"),
    ({"operation": "scale", "estimated_cost": 1000.01}, "high"),
    ({"operation": "scale", "estimated_cost": 1000}, "medium"),
    ({"operation": "scale", "estimated_cost": 101}, "medium"),
    ({"operation": "scale", "estimated_cost": 100}, "low"),
    ({"operation": "scale", "estimated_cost": 0}, "low"),
    ({"operation": "create", "resource_type": "infrastructure"}, "high"),
    ({"operation": "modify", "resource_type": "infrastructure"}, "high"),
    ({"operation": "delete", "resource_type": "infrastructure"}, "high"),
    ({"operation": "read", "resource_type": "infrastructure"}, "low"),
    ({"operation": "modify", "resource_type": "code"}, "low"),
    ({"operation": "export", "resource_type": "data"}, "high"),
    ({"operation": "export", "resource_type": "database"}, "high"),
    ({"operation": "export", "resource_type": "code"}, "low"),
    ({"operation": "import", "resource_type": "database"}, "low"),
    (in_("production", "deploy", security_findings=[{"severity": "critical"}], estimated_cost=5), "critical"),
    *(({"operation": "read", "trigger": trigger}, level) for trigger, level in (
        ("delete_production", "critical"), ("deploy_production", "high"), ("modify_infrastructure", "high"),
        ("security_finding_critical", "critical"), ("security_finding_high", "high"),
        ("cost_above_threshold", "medium"), ("data_export", "high"),
    )),
    *(({"operation": operation}, "low") for operation in (
        "create", "read", "modify", "delete", "deploy", "rollback", "scale", "restart", "execute", "export", "import",
        "merge",
    )),
    ({"operation": "launch"}, "medium"),
    ({}, "medium"),
    (found("odd"), "medium"),
    (in_(" Production ", "DELETE"), "critical"),
)  # fmt: skip
