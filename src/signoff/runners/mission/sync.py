"""Tell `sync.url` of new events, after they were written here.

Sync is secondary: whatever becomes of it, the local success stays one. Events that were not sent are kept, as they are
in the log, and sent with the next command that writes; which were sent is noted by their ids. A receiver may get an
event twice and tells by its id.

    POST <sync.url>  {mission_id, mission_slug, events: [...]}  ->  2xx, with a JSON object or nothing

All of it is bounded by `SYNC_S_MAX`, names and slow receivers included: it is done in a thread that is left behind.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from signoff.errors import SignoffError
from signoff.http_exchange import exchange
from signoff.missions.event import TransitionEvent
from signoff.missions.finding import (
    SYNC_ANSWER_NOT_UNDERSTOOD,
    SYNC_RECORD_NOT_KEPT,
    SYNC_TARGET_REFUSED,
    SYNC_TARGET_SLOW,
    SYNC_TARGET_UNREACHABLE,
    WARNING,
)
from signoff.missions.meta import MissionMeta
from signoff.runners.mission.log import meta_of, read_events
from signoff.runners.mission.place import MissionPlace

SYNC_S_MAX = 3.0
EVENTS_AT_ONCE = 200
ANSWER_BYTES_MAX = 65_536

COLLECT, SEND, RECORD = "collect", "send", "record"


@dataclass(frozen=True)
class SyncDiagnostic:
    """What went wrong in which phase; never anything that would undo the local success."""

    diagnostic_code: str
    message: str
    sync_phase: str
    severity: str = WARNING
    fatal: bool = False

    def to_wire(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SyncTarget:
    """`folder` is where it is noted what was sent."""

    url: str
    token: str | None
    folder: Path

    def record_of(self, place: MissionPlace) -> Path:
        """Another target has been sent nothing yet."""
        return self.folder / f"{place.slug}-{hashlib.sha256(self.url.encode()).hexdigest()[:12]}.sent"


def send_unsent(place: MissionPlace, target: SyncTarget) -> list[SyncDiagnostic]:
    """Send what was not sent yet; what went wrong, each cause once."""
    # Before the time runs, which is the target's; and only who syncs waits for it.
    import_module("httpx")
    told: list[SyncDiagnostic] = []
    thread = threading.Thread(target=_send_all, args=(place, target, told), daemon=True)
    thread.start()
    thread.join(SYNC_S_MAX)
    if thread.is_alive():
        told.append(_diagnostic(SYNC_TARGET_SLOW, f"no answer in {SYNC_S_MAX:g} s"))
    return list(dict.fromkeys(told))


def unsent_events(place: MissionPlace, target: SyncTarget) -> list[TransitionEvent]:
    """In the order of their lines, each once.

    Raises:
        DiagnosticError: the log cannot be read. OSError: what was sent cannot be looked up.
    """
    record = target.record_of(place)
    sent = set(record.read_text("utf-8", errors="replace").splitlines()) if record.exists() else set()
    unsent = {event.event_id: event for event in reversed(read_events(place).events) if event.event_id not in sent}
    return list(reversed(unsent.values()))


def _send_all(place: MissionPlace, target: SyncTarget, told: list[SyncDiagnostic]) -> None:
    try:
        events, meta = unsent_events(place, target), meta_of(place)
    except (OSError, SignoffError) as error:
        told.append(SyncDiagnostic(SYNC_RECORD_NOT_KEPT, f"What was sent cannot be looked up: {error}.", COLLECT))
        return
    for at in range(0, len(events), EVENTS_AT_ONCE):
        some = events[at : at + EVENTS_AT_ONCE]
        problem = _post(target, _document(meta, some))
        if problem is not None:
            told.append(problem)
            return
        try:
            _note(target.record_of(place), some)
        except OSError as error:
            told.append(SyncDiagnostic(SYNC_RECORD_NOT_KEPT, f"What was sent cannot be noted: {error}.", RECORD))
            return


def _document(meta: MissionMeta, events: Sequence[TransitionEvent]) -> bytes:
    wire = {
        "mission_id": meta.mission_id,
        "mission_slug": meta.mission_slug,
        "events": [event.to_wire() for event in events],
    }
    return json.dumps(wire, sort_keys=True).encode()


def _post(target: SyncTarget, content: bytes) -> SyncDiagnostic | None:
    """None where it was taken."""
    import httpx

    headers = {"content-type": "application/json", "user-agent": "signoff"}
    if target.token is not None:
        headers["authorization"] = f"Bearer {target.token}"
    try:
        with exchange("POST", target.url, content=content, headers=headers, timeout_s=SYNC_S_MAX) as answer:
            return _judge(answer.status_code, _read(answer))
    except httpx.TimeoutException:
        return _diagnostic(SYNC_TARGET_SLOW, f"no answer in {SYNC_S_MAX:g} s")
    except (httpx.RemoteProtocolError, httpx.DecodingError):
        return _diagnostic(SYNC_ANSWER_NOT_UNDERSTOOD, "what answers speaks no HTTP")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
        return _diagnostic(SYNC_TARGET_UNREACHABLE, str(error) or type(error).__name__)


def _read(answer: Any) -> bytes | None:
    """None for more than any receiver of events says."""
    body = b""
    for piece in answer.iter_raw():
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            return None
    return body


def _judge(status: int, body: bytes | None) -> SyncDiagnostic | None:
    if not 200 <= status < 300:
        return _diagnostic(SYNC_TARGET_REFUSED, f"it answered {status}")
    try:
        is_understood = body == b"" or isinstance(json.loads(body or b"-"), dict)
    except (ValueError, RecursionError):
        is_understood = False
    # A page that asks for a login, say, answers 200 to everything.
    return (
        None if is_understood else _diagnostic(SYNC_ANSWER_NOT_UNDERSTOOD, f"it answered {status}, and no JSON object")
    )


def _note(record: Path, events: Sequence[TransitionEvent]) -> None:
    record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with record.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("".join(f"{event.event_id}\n" for event in events).encode())
        file.flush()
        os.fsync(file.fileno())


def _diagnostic(code: str, why: str) -> SyncDiagnostic:
    return SyncDiagnostic(code, f"Events were not taken at sync.url: {why}. They are kept, and sent later.", SEND)
