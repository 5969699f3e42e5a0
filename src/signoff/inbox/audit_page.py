"""The audit trail: search it, prove one entry, verify all of it, carry it away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from signoff.app.search_audit import Wanted, prove_entry, search_audit
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.audit.entry import to_wire
from signoff.audit.export import dump
from signoff.errors import InvalidInputError
from signoff.inbox.visit import HEADERS, Visit

_WANTED = {"workflowID": "workflow_id", "gateKey": "gate_key", "actor": "actor", "event": "event"}
_SEQ_DIGITS_MAX = 19


def show_trail(visit: Visit) -> Response:
    query = visit.query
    unknown = [name for name in query if name not in (*_WANTED, "before")]
    if unknown:
        raise InvalidInputError(f"{unknown[0][:80]!r} is not understood.", code="invalid-query")
    wanted = Wanted(**{member: query[name].strip() for name, member in _WANTED.items() if query.get(name, "").strip()})
    page = search_audit(visit.world, wanted, before=_seq(query.get("before")))
    entries = [to_wire(entry) for entry in page.items]
    return visit.page("audit.html", entries=entries, wanted=wanted, next_href=_next(query, page.next_cursor))


def verify_trail(visit: Visit) -> Response:
    report = verify_audit(visit.world)
    return visit.page("audit_report.html", report=report)


def show_proof(visit: Visit) -> Response:
    proof = prove_entry(visit.world, int(visit.parameter("seq")))
    return visit.page("entry.html", proof=proof, entry=to_wire(proof.entry))


def export_trail(visit: Visit) -> Response:
    """JSON Lines, as `signoff audit export` writes them; row by row, however long the trail is."""
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="signoff-audit.jsonl"'}
    return StreamingResponse(_lines(visit.world), media_type="application/x-ndjson", headers=headers)


def _lines(world: World) -> Iterator[str]:
    with world.ledger.read() as tx:
        for line in dump(tx.audit.all_entries(), tx.audit.heads()):
            yield f"{line}\n"


def _seq(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _SEQ_DIGITS_MAX):
        raise InvalidInputError("before is the seq of an entry.", code="invalid-cursor")
    return int(text)


def _next(query: Mapping[str, str], cursor: str | None) -> str | None:
    return None if cursor is None else f"/audit?{urlencode({**query, 'before': cursor})}"
