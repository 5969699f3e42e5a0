"""Files of a mission that cannot be taken, told as what stops a command of the mission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from signoff.errors import DiagnosticError, MissionError
from signoff.missions import finding
from signoff.missions.files import LANES_FILE, work_package_in
from signoff.missions.meta import META_FILE

_CODES: Mapping[str, str] = {META_FILE: finding.MISSION_METADATA_INVALID, LANES_FILE: finding.LANES_FILE_INVALID}


@contextmanager
def diagnosing() -> Iterator[None]:
    """
    Raises:
        DiagnosticError: for a `MissionError` about a file that commands keep; one about what a person writes, such as
            `plan.md`, stays what it is.
    """
    try:
        yield
    except MissionError as error:
        code = _code_of(error.path)
        if code is None:
            raise
        raise DiagnosticError(
            error.message,
            diagnostic_code=code,
            remediation="Mend the file; everything that is wrong with the mission is told by: signoff mission validate "
            "PATH",
            details={**error.details, "violated_invariant": "STA-003"},
        ) from None


def _code_of(path: str) -> str | None:
    from signoff.missions.review_cycle import number_in  # with what reads front matter, which many commands need not

    name = path.rpartition("/")[2]
    if number_in(name) is not None:
        return finding.REVIEW_ARTIFACT_SCHEMA_INVALID
    return _CODES.get(name) or (finding.WORK_PACKAGE_METADATA_INVALID if work_package_in(name) else None)
