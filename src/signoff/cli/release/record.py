"""What is kept of a part that ran: which command, at which commit, when, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.errors import DocumentError, InvalidInputError
from signoff.gates.digest import is_digest, parse_json

KIND = "signoff-part"


@dataclass(frozen=True)
class Record:
    """`is_clean`: everything was committed, before and after it. Instants are epoch milliseconds; `report_sha256` is
    the digest of the report that it left, None where it left none."""

    part: str
    command: tuple[str, ...]
    commit: str
    is_clean: bool
    started_at: int
    ended_at: int
    exit_code: int
    report_sha256: str | None = None

    def to_wire(self) -> dict[str, Any]:
        return {
            "kind": KIND,
            "part": self.part,
            "command": list(self.command),
            "commit": self.commit,
            "isClean": self.is_clean,
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "exitCode": self.exit_code,
            "reportSha256": self.report_sha256,
        }


_MEMBERS: Mapping[str, type | tuple[type, ...]] = {
    "kind": str,
    "part": str,
    "command": list,
    "commit": str,
    "isClean": bool,
    "startedAt": int,
    "endedAt": int,
    "exitCode": int,
    "reportSha256": (str, type(None)),
}


def read_record(data: bytes, path: str) -> Record:
    """
    Raises:
        DocumentError: (`unreadable-report`) it is no record; nothing is guessed.
    """
    wire = read_object(data, path)
    if wire.keys() != _MEMBERS.keys() or wire["kind"] != KIND:
        raise unreadable("it is not the record of a part", path)
    for name, kind in _MEMBERS.items():
        if not isinstance(wire[name], kind) or (kind is int and isinstance(wire[name], bool)):
            raise unreadable(f"{name} cannot be read", path)
    if not wire["command"] or not all(isinstance(word, str) for word in wire["command"]):
        raise unreadable("command cannot be read", path)
    if wire["reportSha256"] is not None and not is_digest(wire["reportSha256"]):
        raise unreadable("reportSha256 cannot be read", path)
    return Record(
        part=wire["part"],
        command=tuple(wire["command"]),
        commit=wire["commit"],
        is_clean=wire["isClean"],
        started_at=wire["startedAt"],
        ended_at=wire["endedAt"],
        exit_code=wire["exitCode"],
        report_sha256=wire["reportSha256"],
    )


def read_object(data: bytes, path: str) -> dict[str, Any]:
    """
    Raises:
        DocumentError: (`unreadable-report`) it is not one JSON object.
    """
    try:
        wire = parse_json(data)
    except InvalidInputError as error:
        raise unreadable(error.message.rstrip("."), path) from None
    if not isinstance(wire, dict):
        raise unreadable("it is not a JSON object", path)
    return wire


def unreadable(why: str, path: str) -> DocumentError:
    return DocumentError(why, path=path, code="unreadable-report")
