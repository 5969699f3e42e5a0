"""What measurements are made of, each alone; and that what must never be is found where it was planted."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from bench_reports import unlike_the_documented
from cli_shell import Shell
from ledger_databases import database_at, run_sql

from signoff.cli.bench.crowd import do_all
from signoff.cli.bench.floor import answers_floor, openings_floor
from signoff.cli.bench.judge import broken_laws, lost_answers
from signoff.cli.bench.members import MEMBERS
from signoff.cli.bench.options import Bench
from signoff.cli.bench.parked import GATE_KEY, PREFIX, park_gates
from signoff.cli.bench.report import Limit, finish
from signoff.cli.bench.sight import LedgerSight, Record
from signoff.cli.bench.soak import _of_process
from signoff.cli.bench.stats import percentile, spread
from signoff.cli.bench.told import Told
from signoff.cli.bench.weight import Weight
from signoff.cli.call import Call
from signoff.errors import OperationError
from signoff.ledger.check import count_violations
from signoff.ledger.inspect import inspect_ledger
from signoff.ledger.store import SqlLedger
from signoff.settings import Settings, load

SILENT = Told(None)


def settings_of(shell: Shell) -> Settings:
    with shell.world():
        return load({}, shell.environ, cwd=shell.directory)


# Servers that break the law


@contextmanager
def server_that(answers: Callable[[str, str, Any], tuple[int, Any]]) -> Iterator[str]:
    """The URL of one that answers (method, path, body) so."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def _answer(self, body: Any) -> None:
            status, document = answers(self.command, self.path, body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """It is a test's."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.server_address[1]}"
    finally:
        listener.shutdown()
        listener.server_close()


class Believer:
    """Tells everybody that their answer was accepted, and keeps each."""

    def __init__(self, *, tells_losers: bool = False, is_forgetful: bool = False) -> None:
        self._kept: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._tells_losers = tells_losers
        self._is_forgetful = is_forgetful

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/api/intents":
            return 201, {"intentId": f"it-{threading.get_ident()}-{len(self._kept)}"}
        if path == "/api/runs":
            return 201, {"workflowID": body["intentId"]}
        if method == "POST" and path.endswith("/reply"):
            return self._reply(path.split("/")[3], body)
        return 200, self._view(path)

    def _reply(self, workflow_id: str, body: Any) -> tuple[int, Any]:
        with self._lock:
            said = self._kept.setdefault(workflow_id, [])
            said.append(body["dedupeKey"])
            if self._tells_losers and len(said) > 1:
                return 409, {"error": "Somebody was first.", "code": "gate-decided", "details": {}}
        return 200, {"ok": True, "receipt": {"interactionId": f"hi-{workflow_id}-{len(said)}"}}

    def _view(self, path: str) -> Any:
        workflow_id = path.split("workflowId=")[-1].split("&")[0] if "audit" in path else path.split("/")[-2]
        said = self._kept.get(workflow_id, [])
        if "/interactions" in path:
            return {"items": [] if self._is_forgetful else [{"dedupeKey": key} for key in said]}
        if "/api/audit" in path:
            return {"items": [{"event": "gate.decided", "gateKey": "race"} for _ in said]}
        if path.endswith("/gates"):
            return [{"workflowID": workflow_id, "gateKey": "g", "state": "PENDING", "prompt": {"digest": "0" * 64}}]
        if path.endswith("/steps"):
            return []
        has_ended = path.split("/")[-1] in self._kept
        return {"ok": True, "status": "SUCCESS" if has_ended else "WAITING_INPUT"}


@pytest.mark.parametrize(
    ("server", "found"),
    [
        (Believer(), "at 2 gates more than one answer was told that it was accepted"),
        (Believer(), "2 gates were decided more than once"),
        (Believer(), "2 gates had 6 effects"),
        (Believer(tells_losers=True), "lost and was not told to whom: it got a 409"),
    ],
    ids=["accepts all", "decides twice", "doubles effects", "names no winner"],
)
def test_a_race_finds_a_server_that_breaks_the_law(shell: Shell, server: Believer, found: str) -> None:
    with server_that(server) as url:
        answer = shell("bench", "race", "--gates", "2", "--answers", "3", "--base", url, "--json")
    assert answer.code == 1, answer
    assert any(found in violation for violation in answer.document["violations"]), answer.document["violations"]
    assert unlike_the_documented(answer.document) == []


def test_a_burst_finds_a_server_that_forgets_what_it_accepted(shell: Shell) -> None:
    with server_that(Believer(is_forgetful=True)) as url:
        answer = shell("bench", "burst", "--gates", "1", "--base", url, "--report", "burst.json")
    assert answer.code == 1, answer
    assert "VIOLATED: 1 answers were accepted and 0 are in the record: 1 were lost" in answer.out
    report = json.loads((shell.directory / "burst.json").read_text("utf-8"))
    assert report["interactions"] == {"totalRows": 0, "distinctDedupeKeys": 0, "expectedDistinct": 1}


def test_a_gate_that_the_ledger_says_was_decided_twice_is_found(any_shell: Shell) -> None:
    settings = settings_of(any_shell)
    any_shell.open_gate()
    assert any_shell("gate", "approve", "ship", "--as", "ada").code == 0
    sound = LedgerSight(settings).record()
    assert [*broken_laws(sound), *lost_answers(sound, accepted=1)] == []
    database = database_at(settings.dir, settings.database_url)
    try:
        run_sql(
            database,
            "INSERT INTO app.audit_entries (seq, workflow_id, n, gate_key, at, actor, event, body, prev_hash, hash) "
            "SELECT 1000 + seq, workflow_id, 1000 + n, gate_key, at, actor, event, body, prev_hash, hash "
            "FROM app.audit_entries WHERE event = 'gate.decided'",
        )
    finally:
        database.close()
    doubled = LedgerSight(settings).record()
    assert "1 gates were decided more than once" in list(broken_laws(doubled))
    assert any("final_gates_without_one_end" in one for one in broken_laws(doubled))
    assert list(lost_answers(doubled, accepted=1)) == ["1 answers are in the record, and gates were decided 2 times"]


def test_steps_that_were_done_twice_and_keys_that_were_taken_twice_are_said() -> None:
    record = Record(rows=3, keys=2, ends=3, decided_twice=0, steps_twice=1, check=None)
    assert list(broken_laws(record)) == [
        "1 steps of runs were done more than once",
        "3 interactions were written under 2 dedupe keys",
    ]
    assert list(lost_answers(record, accepted=2)) == [
        "2 answers were accepted and 3 are in the record: that is too many"
    ]


# The floor, and gates in bulk


def test_the_floor_leaves_a_ledger_as_the_use_case_does(any_shell: Shell) -> None:
    settings = settings_of(any_shell)
    answers, openings = answers_floor(settings, SILENT, gates=1), openings_floor(settings, SILENT, gates=1)
    assert set(answers) == {name.partition(".")[2] for name in MEMBERS["hitl-race"] if name.startswith("floor.")}
    assert answers["count"] == openings["count"] == 50
    record = LedgerSight(settings).record()
    assert (record.rows, record.ends, record.decided_twice) == (101, 101, 0)
    # Half were opened by us, half as plain SQL, and one that both were copied from.
    assert LedgerSight(settings).gates_that_wait() == 101
    with inspect_ledger(settings.dir, settings.database_url) as inspection:
        assert not any(count_violations(inspection).values())


def test_a_gate_that_was_inserted_in_bulk_is_a_gate_as_any_other(any_shell: Shell) -> None:
    with any_shell.world() as world:
        assert isinstance(world.ledger, SqlLedger)
        park_gates(world, world.ledger.database, 30, SILENT)
    assert len(any_shell.json("gate", "list", "--limit", "100")["items"]) == 30
    answer = any_shell("gate", "approve", f"{PREFIX}30", GATE_KEY, "--as", "ada")
    assert answer.code == 0, answer
    assert any_shell("db", "check").code == 0


# What is made of figures


def bench(shell: Shell, *, is_must: bool = False) -> Bench:
    return Bench(Call({}), False, None, None, 0, 1, 1, shell.directory / "report.json", is_must)


@pytest.mark.parametrize(
    ("limit", "is_must", "code"),
    [
        (Limit("ms", 7.0, most=8.0), True, 0),
        (Limit("ms", 9.0, most=8.0), False, 0),
        (Limit("ms", 9.0, most=8.0), True, 1),
        (Limit("ratio", 0.5, least=0.6), True, 1),
        (Limit("ratio", None, least=0.6), True, 0),
    ],
)
def test_a_slow_figure_is_a_failure_where_it_must_not_be(
    shell: Shell, limit: Limit, is_must: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, Any] = {
        "measured": "a thing",
        "database": "none",
        "floor": None,
        "violations": [],
        "limits": [limit],
    }
    assert finish(bench(shell, is_must=is_must), "cli", {"runs": 1}, **told) == code
    assert ("NOT KEPT" in capsys.readouterr().out) == (limit.is_kept is False)
    written = json.loads((shell.directory / "report.json").read_text("utf-8"))
    assert written["limits"][0]["isKept"] is limit.is_kept


def test_what_must_never_be_is_a_failure_however_fast_it_was(shell: Shell) -> None:
    told: dict[str, Any] = {"measured": "a thing", "database": "none", "floor": None, "violations": ["one was lost"]}
    assert finish(bench(shell), "cli", {"runs": 1}, **told) == 1


def test_percentiles_are_values_that_were_measured() -> None:
    assert [percentile([3, 1, 2, 4], share) for share in (0.25, 0.5, 0.51, 1.0)] == [1, 2, 3, 4]
    assert percentile([], 0.5) == 0
    assert spread([5.0]) == {"count": 1, "p50Ms": 5.0, "p95Ms": 5.0, "p99Ms": 5.0, "maxMs": 5.0}


@pytest.mark.parametrize(("last", "is_flat"), [(100.0, True), (105.0, True), (106.0, False)])
def test_memory_that_grows_after_its_first_quarter_is_not_flat(last: float, is_flat: bool) -> None:
    rss = [50.0, 60.0, 100.0, 100.0, 100.0, 100.0, last, last]
    told = _of_process("worker 1", [Weight(one, at / 10) for at, one in enumerate(rss)], 7.0)
    assert (told["isFlat"], told["growthMb"], told["cpuPercent"]) == (is_flat, last - 100, 10.0)


def test_a_crowd_does_each_once_and_gives_what_came_of_it_in_order() -> None:
    done: Counter[int] = Counter()
    lock = threading.Lock()

    def double(number: int) -> int:
        with lock:
            done[number] += 1
        return 2 * number

    told: list[None] = []
    results = do_all(range(50), double, clients=8, timeout_s=60, what="it", on_done=lambda: told.append(None))
    assert results == [2 * number for number in range(50)]
    assert set(done.values()) == {1}
    assert len(told) == 50


def test_a_crowd_ends_with_the_first_error_and_when_its_time_is_over() -> None:
    def fail(_: int) -> None:
        raise OperationError("no", code="run-failed")

    with pytest.raises(OperationError, match="no"):
        do_all([1, 2], fail, clients=1, timeout_s=60, what="it")
    never = threading.Event()
    with pytest.raises(OperationError, match="It took too long to wait for the end") as refused:
        do_all([never], threading.Event.wait, clients=1, timeout_s=0, what="the end")
    never.set()
    assert refused.value.code == "bench-timeout"


def test_passwords_are_not_in_the_command_of_a_report(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["signoff", "bench", "load", "--database-url=postgresql://me:secret@db/x", "postgresql://me:secret@db/x"]
    monkeypatch.setattr("sys.argv", [str(Path("somewhere") / "signoff"), *words[1:]])
    assert "secret" not in bench(shell).command
    assert bench(shell).command.startswith("signoff bench load ")
