"""What the report of a test run proves: how many ran, and that none failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from signoff.cli.release.record import unreadable


@dataclass(frozen=True)
class Counts:
    """`cases` are those that are listed; the others are what the report says of itself."""

    cases: int
    tests: int
    failures: int
    errors: int
    skipped: int

    def doubts(self) -> Iterator[str]:
        """Why these tests have not passed."""
        if self.tests == 0:
            yield "no test ran"
        if self.tests == self.skipped != 0:
            yield "every test was skipped"
        if self.failures or self.errors:
            yield f"{self.failures} tests failed, and {self.errors} broke"
        if self.cases != self.tests:
            yield f"{self.tests} tests are counted and {self.cases} are listed"


def read_counts(data: bytes, path: str) -> Counts:
    """
    Raises:
        DocumentError: (`unreadable-report`) it is not JUnit's XML.
    """
    # Without a document type there are no entities, and so nothing in it can grow or reach out.
    if b"<!" in data.replace(b"<![CDATA[", b""):
        raise unreadable("it declares a document type", path)
    try:
        root = ElementTree.fromstring(data)  # noqa: S314
        suites = [root] if root.tag == "testsuite" else root.findall("testsuite")
        if not suites:
            raise unreadable("it holds no test suite", path)
        cases = [case for suite in suites for case in suite.iter("testcase")]
        listed = Counts(
            cases=len(cases),
            tests=_sum(suites, "tests"),
            failures=max(_sum(suites, "failures"), _marked(cases, "failure")),
            errors=max(_sum(suites, "errors"), _marked(cases, "error")),
            skipped=_sum(suites, "skipped"),
        )
    except (ElementTree.ParseError, ValueError) as error:
        raise unreadable(f"it is not the XML of a test run: {error}", path) from None
    return listed


def _sum(suites: list[ElementTree.Element], name: str) -> int:
    return sum(int(suite.get(name, "")) for suite in suites)


def _marked(cases: list[ElementTree.Element], tag: str) -> int:
    return sum(case.find(tag) is not None for case in cases)
