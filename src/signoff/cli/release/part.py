"""What has to have run and passed before a commit may be released."""

from __future__ import annotations

from dataclasses import dataclass

CHECK, FULL = "check", "full"
#: The report that tests leave behind: JUnit's XML. All others are named by the `kind` of a measurement.
TESTS = "tests"


@dataclass(frozen=True)
class Part:
    """`lane` is the task that runs it (`poe check`, `poe full`); `report` the kind of report that it leaves beside its
    record, None where its exit code says all."""

    name: str
    lane: str
    report: str | None = None

    @property
    def record_file(self) -> str:
        return f"{self.name}.json"

    @property
    def report_file(self) -> str | None:
        if self.report is None:
            return None
        return f"{self.name}.junit.xml" if self.report == TESTS else f"{self.name}.report.json"


PARTS = (
    Part("lint", CHECK),
    Part("types", CHECK),
    Part("arrows", CHECK),
    Part("policy", CHECK),
    Part("docs", CHECK),
    Part("test", CHECK, TESTS),
    Part("coverage", CHECK),
    Part("browser", FULL, TESTS),
    Part("simulation", FULL),
    Part("bench-load", FULL, "hitl-load-1k"),
    Part("bench-burst", FULL, "hitl-burst-reply"),
    Part("bench-race", FULL, "hitl-race"),
    Part("bench-soak", FULL, "hitl-soak"),
)
