"""The one table of metrics: what is told under which name is made from it, and so is the reference.

Labels have few values, all of them ours or an operator's own: no id, no name of a person, nothing that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
#: Who tells it: any server, an API, a worker; or an API that has looked into the ledger, which every API tells alike.
Teller = Literal["server", "api", "worker", "ledger"]

#: Of requests, writes, steps and orders; of whole legs; of people.
FAST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LEG_S = (0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400)
PEOPLE_S = (10, 60, 300, 900, 1_800, 3_600, 14_400, 43_200, 86_400, 259_200, 604_800, 2_592_000)


@dataclass(frozen=True)
class Metric:
    """`name` without the `_total` that a counter is told with. `buckets` are a histogram's, in seconds."""

    name: str
    kind: Kind
    teller: Teller
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_ALL = (
    Metric("signoff_build", "gauge", "server", "Always 1: which version this is.", ("version",)),
    Metric("signoff_ledger_write_seconds", "histogram", "server",
           "Transactions that write, waiting for their lock included. outcome: committed or refused.",
           ("verb", "outcome"), FAST_S),
    Metric("signoff_pool_connections", "gauge", "server",
           "Connections to Postgres in the process's pool. state: idle or busy.", ("state",)),
    Metric("signoff_pool_waiting", "gauge", "server", "Threads of the process that wait for a connection."),
    Metric("signoff_http_request_seconds", "histogram", "api",
           "Requests. route: the template, none where there is no such route. Those that wait for a gate last as long "
           "as they wait.", ("method", "route", "status"), FAST_S),
    Metric("signoff_refusals", "counter", "api", "Requests to the API that were refused, by error code.", ("code",)),
    Metric("signoff_relay_lag_seconds", "histogram", "worker",
           "From the commit of an order to its being carried out.", ("kind",), FAST_S),
    Metric("signoff_relayed", "counter", "worker",
           "Orders of the outbox that were tried, but for notices. outcome: done, or failed and tried again.",
           ("kind", "outcome")),
    Metric("signoff_legs_running", "gauge", "worker", "Legs under way."),
    Metric("signoff_leg_seconds", "histogram", "worker",
           "Legs that ended. outcome: done (at a gate, or at the end of the run, failed runs included) or interrupted.",
           ("outcome",), LEG_S),
    Metric("signoff_step_seconds", "histogram", "worker",
           "Steps and tasks that runners did. action: what the plan names. outcome: done or failed.",
           ("action", "outcome"), LEG_S),
    Metric("signoff_notices", "counter", "worker",
           "Tries to tell a target. outcome: sent, failed (it is tried again, or given up).", ("channel", "outcome")),
    Metric("signoff_notices_given_up", "counter", "worker", "Notices that are not tried again.", ("channel",)),
    Metric("signoff_gates_open", "gauge", "ledger",
           "Gates that wait. door: what opened them. risk: none where nobody has assessed it.", ("door", "risk")),
    Metric("signoff_gates_oldest_seconds", "gauge", "ledger", "How long the oldest of them has waited.",
           ("door", "risk")),
    Metric("signoff_gates_overdue", "gauge", "ledger",
           "Open gates past their deadline, which no worker has swept; 10,000 at most."),
    Metric("signoff_entries", "counter", "ledger",
           "Entries of the audit trail: gates opened, decided, timed out, runs failed, refusals, and all else.",
           ("event",)),
    Metric("signoff_answers", "counter", "ledger",
           "Answers of people and policies. event: decided, approved (others are still needed), deferred, overridden. "
           "effect: approve, reject and the others. origin: the surface.", ("event", "effect", "origin")),
    Metric("signoff_decision_seconds", "histogram", "ledger",
           "From the opening of a gate to its decision by people.", (), PEOPLE_S),
    Metric("signoff_outbox_pending", "gauge", "ledger", "Orders that no worker has carried out; 10,000 in all at most.",
           ("kind",)),
    Metric("signoff_outbox_oldest_seconds", "gauge", "ledger", "How old the oldest of them is: how far relays lag.",
           ("kind",)),
    Metric("signoff_outbox_attempts_max", "gauge", "ledger", "How often one of them was tried at most.", ("kind",)),
    Metric("signoff_outbox_failing", "gauge", "ledger", "Of them, those that have failed and are tried again.",
           ("kind",)),
    Metric("signoff_notices_pending", "gauge", "ledger", "Notices that are to be sent, or sent again; 10,000 in all at "
           "most.", ("channel",)),
    Metric("signoff_notices_oldest_seconds", "gauge", "ledger", "How old the oldest of them is.", ("channel",)),
    Metric("signoff_notices_failing", "gauge", "ledger", "Of them, those that have failed.", ("channel",)),
    Metric("signoff_workers_alive", "gauge", "ledger", "Workers whose last beat is at most 10 s old."),
    Metric("signoff_worker_beat_age_seconds", "gauge", "ledger",
           "How old the newest beat of any worker is; not there while none has ever begun."),
    Metric("signoff_audit_newest_seq", "gauge", "ledger", "The seq of the newest entry of the audit trail."),
    Metric("signoff_audit_unsigned_seconds", "gauge", "ledger",
           "How old the newest entry is that no signed head covers yet; 0 without one."),
    Metric("signoff_figures_age_seconds", "gauge", "ledger",
           "How old the figures of the ledger are: they are taken anew after 10 s, or 20 times as long as that takes."),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
