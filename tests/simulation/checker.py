"""What must hold of a ledger after any history, judged by its rows alone, and of what people were told by them.

Nothing here asks the code that is tested what is right: states, requirements and ways are reckoned again from the rows.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from signoff.ledger.check import count_violations
from signoff.ledger.inspect import inspect_ledger

from .people import Request

Row = dict[str, Any]

JSON_COLUMNS = {"prompt", "requirement", "ladder", "on_decision", "payload", "body", "plan", "output", "terms", "roles"}
ENDS = {
    "gate.decided": "RECEIVED",
    "gate.counted": "RECEIVED",
    "gate.overridden": "RECEIVED",
    "gate.timed-out": "TIMED_OUT",
    "gate.cancelled": "CANCELLED",
}
#: What a gate's entries may be, one after the other.
BEFORE_ITS_END = {"gate.approved", "gate.deferred", "gate.escalated", "gate.unsatisfiable"}
STATUS_AFTER = {
    "run.started": "ENQUEUED",
    "run.advanced": "PENDING",
    "run.resumed": "PENDING",
    "run.succeeded": "SUCCESS",
    "run.failed": "ERROR",
    "run.refused": "ERROR",
    "run.cancelled": "CANCELLED",
    "run.retried": "ENQUEUED",
    "run.led-back": "ENQUEUED",
}
GENESIS = "0" * 64


@dataclass(frozen=True)
class Ledger:
    """Every table that is judged, rows in an order of their own; `oracles` are what must always be zero."""

    tables: Mapping[str, list[Row]]
    oracles: Mapping[str, int]

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]


QUERIES = {
    "runs": "SELECT * FROM app.runs ORDER BY id",
    "run_steps": "SELECT * FROM app.run_steps ORDER BY run_id, attempt, step_id",
    "gates": "SELECT * FROM app.human_gates ORDER BY workflow_id, gate_key",
    "interactions": "SELECT * FROM app.human_interactions ORDER BY created_at, id",
    "entries": "SELECT * FROM app.audit_entries ORDER BY seq",
    "outbox": "SELECT * FROM app.outbox ORDER BY id",
    "deliveries": "SELECT * FROM app.deliveries ORDER BY channel, target, outbox_id",
    "principals": "SELECT * FROM app.principals ORDER BY name",
    "delegations": "SELECT * FROM app.delegations ORDER BY created_at, id",
    "resumptions": "SELECT * FROM app.resumptions ORDER BY workflow_id, gate_key",
    "workflows": "SELECT * FROM dbos.workflow_status ORDER BY workflow_uuid",
    "events": "SELECT * FROM dbos.workflow_events ORDER BY workflow_uuid, key",
}


def read_ledger(directory: Path) -> Ledger:
    tables: dict[str, list[Row]] = {}
    with inspect_ledger(directory, None) as inspection:
        for name, query in QUERIES.items():
            found = inspection.query(query)
            tables[name] = [_row(dict(zip(found.columns, row, strict=True))) for row in found.rows]
        return Ledger(tables, count_violations(inspection))


def violations_of(ledger: Ledger, requests: Sequence[Request], called: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence each; none where everything is as it should be."""
    found = [f"db check: {name} is {count}" for name, count in ledger.oracles.items() if count]
    for judge in (_chains, _gates, _approvals, _interactions, _runs, _steps, _orders, _deliveries, _legs):
        found += judge(ledger)
    found += _told(ledger, requests)
    found += _called(ledger, called)
    return found


def _row(row: Row) -> Row:
    is_json = {name: value for name, value in row.items() if name in JSON_COLUMNS and isinstance(value, str)}
    return {**row, **{name: json.loads(text) for name, text in is_json.items()}}


def _sha256(value: Any) -> str:
    """Of its canonical JSON, which for ASCII names, texts, whole numbers and lists is this."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _of_gates(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    by_gate: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["gate_key"] is not None:
            by_gate[row["workflow_id"], row["gate_key"]].append(row)
    return by_gate


def _chains(ledger: Ledger) -> Iterator[str]:
    """Hash and order of every entry, reckoned from the recipe that auditors are given."""
    ends: dict[str, tuple[int, str]] = {}
    for entry in ledger["entries"]:
        n, prev_hash = ends.get(entry["workflow_id"], (0, GENESIS))
        sealed = {
            "seq": entry["seq"],
            "workflowId": entry["workflow_id"],
            "n": entry["n"],
            "gateKey": entry["gate_key"],
            "at": entry["at"],
            "actor": entry["actor"],
            "event": entry["event"],
            "body": entry["body"],
            "prevHash": entry["prev_hash"],
        }
        is_next = (entry["n"], entry["prev_hash"]) == (n + 1, prev_hash)
        if not is_next or _sha256(sealed) != entry["hash"]:
            yield f"entry {entry['seq']} does not follow on entry {n} of {entry['workflow_id']}"
        ends[entry["workflow_id"]] = entry["n"], entry["hash"]


def _gates(ledger: Ledger) -> Iterator[str]:
    """A gate is opened once, ends once and as its trail says, and nothing comes after its end."""
    trails = _of_gates([entry for entry in ledger["entries"] if entry["event"].startswith("gate.")])
    for gate in ledger["gates"]:
        place = gate["workflow_id"], gate["gate_key"]
        events = [entry["event"] for entry in trails.pop(place, [])]
        name = f"gate {place[1]} of {place[0]}"
        told = [event for event in events if event != "gate.closed"]
        ends = [event for event in told if event in ENDS]
        middle = told[1:-1] if ends else told[1:]
        if told[:1] != ["gate.opened"] or not set(middle) <= BEFORE_ITS_END or len(ends) > 1:
            yield f"{name} has the trail {events}"
        if gate["state"] == "PENDING" or [ENDS[event] for event in ends] != [gate["state"]]:
            yield f"{name} is {gate['state']} after {events}"
        if events.count("gate.escalated") != gate["escalation_level"]:
            yield f"{name} is at level {gate['escalation_level']} after {events}"
        in_time = ends == ["gate.decided"] and not str(gate["decided_by"]).startswith("policy:")
        if in_time and gate["decided_at"] >= gate["deadline_at"]:
            yield f"{name} was decided after its deadline"
        if gate["state"] == "TIMED_OUT" and gate["decided_at"] < gate["deadline_at"]:
            yield f"{name} timed out before its deadline"
    yield from (f"the trail tells of a gate that is not there: {place}" for place in trails)


def _effects(gate: Row) -> dict[str, str]:
    return {choice["key"]: choice["effect"] for choice in gate["prompt"]["choices"]}


def _approvals(ledger: Ledger) -> Iterator[str]:
    """No approval below the requirement, none by whoever asked, none in a role that nobody had given."""
    said = _of_gates(ledger["interactions"])
    roles = _roles_of(ledger)
    for gate in ledger["gates"]:
        name = f"gate {gate['gate_key']} of {gate['workflow_id']}"
        effects = _effects(gate)
        given = said[gate["workflow_id"], gate["gate_key"]]
        for one in given:
            held = set((one["role"] or "*").split(",")) - {"*"}
            if held - roles.get(one["actor"], {"policy"}):
                yield f"{name}: {one['actor']} answered as {one['role']}"
        deciding = [one for one in given if one["id"] == gate["interaction_id"]]
        if any(one["role"] in ("policy", "override") for one in deciding):
            continue
        approvers = [one for one in given if one["choice"] == gate["decision"]]
        is_approved = gate["state"] == "RECEIVED" and effects[gate["decision"]] == "approve"
        if is_approved and not _is_met(gate["requirement"], approvers):
            yield f"{name} was approved by {[(one['actor'], one['role']) for one in approvers]}, which is not enough"
        if (
            is_approved
            and gate["requirement"]["notRequester"]
            and gate["requested_by"] in {a["actor"] for a in approvers}
        ):
            yield f"{name} was approved by {gate['requested_by']}, who asked for it"


def _roles_of(ledger: Ledger) -> dict[str, set[str]]:
    """By name: one's own, and those of everybody who has ever lent theirs."""
    own = {row["id"]: set(row["roles"]) for row in ledger["principals"]}
    lent: dict[str, set[str]] = defaultdict(set)
    for row in ledger["delegations"]:
        lent[row["to_principal"]] |= own[row["from_principal"]]
    return {row["name"]: own[row["id"]] | lent[row["id"]] for row in ledger["principals"]}


def _is_met(requirement: Row, approvers: Sequence[Row]) -> bool:
    """Whether these people can be put on all places, by trying every way to do so."""
    places = [need["any_of"] for need in requirement["needs"] for _ in range(need["count"])]
    people = {one["actor"]: one for one in approvers} if requirement["distinctPeople"] else dict(enumerate(approvers))
    return _can_seat(places, [set((one["role"] or "*").split(",")) for one in people.values()])


def _can_seat(places: list[list[str]], people: list[set[str]]) -> bool:
    if not places:
        return True
    return any(
        ("*" in places[0] or person & set(places[0])) and _can_seat(places[1:], people[:n] + people[n + 1 :])
        for n, person in enumerate(people)
    )


def _interactions(ledger: Ledger) -> Iterator[str]:
    """Each is told of in the trail once, and decides where the trail says so."""
    entries = [entry for entry in ledger["entries"] if "interactionId" in entry["body"]]
    times = Counter(entry["body"]["interactionId"] for entry in entries if entry["event"] in _ANSWERS)
    for one in ledger["interactions"]:
        if times.pop(one["id"], 0) != 1:
            yield f"interaction {one['id']} is not told of once"
        if _sha256(one["payload"]) != one["payload_hash"]:
            yield f"interaction {one['id']} has the hash of another payload"
    yield from (f"the trail tells of an interaction that is not there: {one}" for one in times)


_ANSWERS = {"gate.approved", "gate.deferred", "gate.decided", "gate.overridden"}


def _runs(ledger: Ledger) -> Iterator[str]:
    """Every run has ended, as the last of its entries says, and went nowhere after its end but where people sent it."""
    by_run: dict[str, list[str]] = defaultdict(list)
    for entry in ledger["entries"]:
        if entry["event"] in STATUS_AFTER:
            by_run[entry["workflow_id"]].append(entry["event"])
    for run in ledger["runs"]:
        events = by_run[run["workflow_id"]]
        if STATUS_AFTER[events[-1]] != run["status"] or run["status"] not in ("SUCCESS", "ERROR", "CANCELLED"):
            yield f"run {run['id']} is {run['status']} after {events}"
        for before, after in pairwise(events):
            is_over = STATUS_AFTER[before] in ("SUCCESS", "CANCELLED")
            if is_over or (STATUS_AFTER[before] == "ERROR" and after not in ("run.retried", "run.cancelled")):
                yield f"run {run['id']}: {after} comes after {before}"
        begun = events.count("run.retried") + events.count("run.led-back")
        if begun != run["retry_count"]:
            yield f"run {run['id']} is at attempt {run['retry_count'] + 1} after {events}"


def _steps(ledger: Ledger) -> Iterator[str]:
    """Each step of each attempt is done once, and none behind a gate that has not let the run through."""
    done = Counter((row["run_id"], row["step_id"], row["attempt"]) for row in ledger["run_steps"])
    told: Counter[tuple[str, str, int]] = Counter()
    gates = {(gate["workflow_id"], gate["gate_key"]): gate for gate in ledger["gates"]}
    passed: dict[str, set[str]] = defaultdict(set)
    order = {run["workflow_id"]: [node["id"] for node in run["plan"]["nodes"]] for run in ledger["runs"]}
    stops = {
        run["workflow_id"]: {node["id"]: node["count"] for node in run["plan"]["nodes"] if node["kind"] == "gate"}
        for run in ledger["runs"]
    }
    approved: Counter[tuple[str, str, int]] = Counter()
    for entry in ledger["entries"]:
        run, body = entry["workflow_id"], entry["body"]
        if entry["event"] == "step.done":
            told[run, body["step"], body["attempt"]] += 1
            before = order[run][: order[run].index(body["step"])]
            missing = [node for node in before if node in stops[run] and node not in passed[run]]
            if missing:
                yield f"run {run} did {body['step']} without {missing}"
        elif entry["event"] in ("run.retried", "run.led-back"):
            passed[run] -= set(order[run][order[run].index(body["node"]) :])
        elif ENDS.get(entry["event"]) == "RECEIVED" and run in stops:
            gate = gates[run, entry["gate_key"]]
            node, attempt = gate["on_decision"]["node"], gate["on_decision"]["attempt"]
            approved[run, node, attempt] += _effects(gate)[body["choice"]] == "approve"
            if approved[run, node, attempt] == stops[run][node]:
                passed[run].add(node)
    if told != done:
        yield f"steps are recorded {done - told} and told of {told - done}"


def _orders(ledger: Ledger) -> Iterator[str]:
    """Nothing that was decided has yet to take effect."""
    for row in ledger["outbox"]:
        if row["done_at"] is None:
            yield f"{row['dedupe_key']} is not done: {row['last_error']}"
    keys = {row["dedupe_key"] for row in ledger["outbox"]}
    for run in ledger["runs"]:
        if f"continue:{run['workflow_id']}" not in keys:
            yield f"run {run['id']} has no order for its first leg"


def _deliveries(ledger: Ledger) -> Iterator[str]:
    """Everybody was told of everything, of each gate in its order."""
    routed = {row["outbox_id"] for row in ledger["deliveries"]}
    for row in ledger["outbox"]:
        if row["kind"] == "notify" and row["id"] not in routed:
            yield f"{row['dedupe_key']} was told to nobody"
    told: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in ledger["deliveries"]:
        if row["state"] != "sent":
            yield f"delivery {row['id']} is {row['state']}"
        told[row["workflow_id"], row["gate_key"], row["channel"], row["target"]].append(str(row["remote_ref"]))
    yield from (f"{place} were told in the order {refs}" for place, refs in told.items() if refs != sorted(refs))


def _legs(ledger: Ledger) -> Iterator[str]:
    """The end of every gate of a run has set its one leg going, which published what became of the gate."""
    statuses = Counter((row["workflow_uuid"], row["status"]) for row in ledger["workflows"])
    events = {(row["workflow_uuid"], row["key"]): json.loads(row["value"]) for row in ledger["events"]}
    for (workflow_id, status), times in statuses.items():
        if status not in ("SUCCESS", "CANCELLED") or times != 1:
            yield f"workflow {workflow_id} is {status}, {times} times"
    for gate in ledger["gates"]:
        if gate["on_decision"]["kind"] != "continue":
            continue
        leg = f"{gate['workflow_id']}:{gate['gate_key']}"
        if not statuses[leg, "SUCCESS"] and not statuses[leg, "CANCELLED"]:
            yield f"the leg {leg} was never started"
        result = events.get((leg, f"ui:{gate['gate_key']}:result"))
        if statuses[leg, "SUCCESS"] and (result is None or result["state"] != gate["state"]):
            yield f"the leg {leg} published {result}, and its gate is {gate['state']}"


def _receipt_of(gate: Row, given: Mapping[str, Row]) -> Row:
    one = given.get(gate["interaction_id"], {})
    return {
        "workflowID": gate["workflow_id"],
        "gateKey": gate["gate_key"],
        "state": gate["state"],
        "decision": gate["decision"],
        "actor": gate["decided_by"],
        "at": gate["decided_at"],
        "promptDigest": gate["prompt_digest"],
        "payloadHash": one.get("payload_hash"),
        "interactionId": gate["interaction_id"],
        **({} if one.get("role") is None else {"role": one["role"]}),
    }


def _told(ledger: Ledger, requests: Sequence[Request]) -> Iterator[str]:
    """What people were told is what the ledger says."""
    gates = {(gate["workflow_id"], gate["gate_key"]): gate for gate in ledger["gates"]}
    given = {one["id"]: one for one in ledger["interactions"]}
    for request in requests:
        told = request.told
        if told is None and not request.is_given_up:
            yield f"nobody was told what became of: {request}"
        if told is None or request.verb not in ("reply", "override"):
            continue
        gate = gates.get((request.given["workflow_id"], request.given["gate_key"]))
        if gate is None:
            yield f"{request} was told {told}, and there is no such gate"
        elif not told.is_accepted and told.receipt is not None and told.receipt != _receipt_of(gate, given):
            yield f"{request} was refused with the receipt {told.receipt}, and the gate says {_receipt_of(gate, given)}"
        elif told.is_accepted:
            yield from _accepted(request, told.receipt or {}, gate, given)
        elif request.verb == "reply":
            yield from _refused(request, str(told.code), gate, given, requests)


def _accepted(request: Request, receipt: Mapping[str, Any], gate: Row, given: Mapping[str, Row]) -> Iterator[str]:
    one = given.get(receipt["interactionId"])
    if one is None:
        yield f"{request} was accepted as an interaction that is not there"
        return
    said = {"actor": one["actor"], "at": one["created_at"], "decision": one["choice"], "gateKey": one["gate_key"]}
    if said != {name: receipt[name] for name in said} or receipt["promptDigest"] != gate["prompt_digest"]:
        yield f"{request} was told {receipt}, and the ledger says {said}"
    if one["actor"] != request.who:
        yield f"{request} was told the receipt of {one['actor']}"
    if request.verb == "reply" and one["payload"] != request.given["payload"]:
        yield f"{request} was accepted, and the ledger has {one['payload']}"
    is_deciding = gate["interaction_id"] == one["id"]
    if receipt["state"] != "PENDING" and (not is_deciding or receipt["state"] != gate["state"]):
        yield f"{request} was told that it decides, and {gate['interaction_id']} does"


_FINAL = {"gate-decided": "RECEIVED", "gate-timed-out": "TIMED_OUT", "gate-cancelled": "CANCELLED"}


def _refused(
    request: Request, code: str, gate: Row, given: Mapping[str, Row], requests: Sequence[Request]
) -> Iterator[str]:
    if code in _FINAL and gate["state"] != _FINAL[code]:
        yield f"{request} was told {code}, and the gate is {gate['state']}"
    said = _said(request)
    if code == "dedupe-conflict" and not any(
        _taken(one)[:3] == said[:3] and _taken(one) != said for one in given.values()
    ):
        yield f"{request} was told {code}, and the ledger has nothing else under this key"
    # The same may have been said twice: once it was refused, once it was taken, told or not.
    is_taken_otherwise = any(
        _said(one) == said and (one.told is None or one.told.is_accepted) for one in requests if one is not request
    )
    for one in given.values():
        if _taken(one) == said and not is_taken_otherwise:
            yield f"{request} was refused ({code}), and the ledger has it as {one['id']}"


def _taken(one: Row) -> tuple[Any, ...]:
    return one["workflow_id"], one["gate_key"], one["dedupe_key"], one["payload"]


def _said(request: Request) -> tuple[Any, ...]:
    given = request.given
    return given.get("workflow_id"), given.get("gate_key"), given.get("dedupe_key"), given.get("payload")


def _called(ledger: Ledger, called: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Whoever was to be called back was, with what the ledger says, however often."""
    heard = {(one["workflowID"], one["gateKey"]): one for one in called}
    given = {one["id"]: one for one in ledger["interactions"]}
    for gate in ledger["gates"]:
        if gate["on_decision"]["kind"] != "callback":
            continue
        told = heard.pop((gate["workflow_id"], gate["gate_key"]), None)
        if told is None or told["receipt"] != _receipt_of(gate, given):
            yield f"the end of {gate['gate_key']} of {gate['workflow_id']} was called back as {told}"
    yield from (f"{place} was called back without having ended" for place in heard)
