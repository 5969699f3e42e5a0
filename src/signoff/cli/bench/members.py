"""What each member of a report says: for the table that a command prints, and for the reference.

Dotted names; `[]` is each item of a list. A report has these members and no others.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Of every report, after its own.
SHARED: Mapping[str, str] = {
    "kind": "which measurement it is",
    "measured": "in words: what was done, and how",
    "database": "on which database",
    "command": "the command as it was typed, without passwords",
    "machine.system": "the system's name and release",
    "machine.processor": "the processor's name",
    "machine.cores": "how many cores this process may use",
    "machine.memoryMb": "the machine's memory",
    "machine.load1": "its load average when the measurement ended",
    "versions.python": "of Python",
    "versions.sqlite": "of the SQLite library",
    "versions.signoff": "of signoff",
    "versions.dbos": "of the engine",
    "versions.fastapi": "of the API's framework",
    "versions.uvicorn": "of the API's server",
    "versions.psycopg": "of the Postgres driver",
    "versions.click": "of the library that commands are made with",
    "limits[].name": "a documented limit",
    "limits[].figure": "what was measured; null where it was not",
    "limits[].most": "the most that it may be",
    "limits[].least": "the least that it may be",
    "limits[].isKept": "whether it is kept",
    "limits": "the documented limits, empty where there is none",
    "violations": "what must never be and was found, in words; empty otherwise",
    "floor": "null of a server elsewhere, whose database is not at hand",
}

_PRESSURE = {
    "pressure.samples": "looks at the sessions of the database; 0 on SQLite and of a server elsewhere",
    "pressure.maxWaitingLocks": "sessions that waited for a lock at once, at most",
    "pressure.meanWaitingLocks": "the mean of it",
    "pressure.maxActive": "sessions that did something at once, at most",
}

_FLOOR = {
    "floor.what": "what was compared",
    "floor.count": "how many of each, by turns",
    "floor.oursPerSecond": "through the use case, a second",
    "floor.plainPerSecond": "its statements as plain SQL, a second",
    "floor.oursCpuMs": "processor time of this process for one of ours",
    "floor.plainCpuMs": "the same for a plain one",
    "floor.ratio": "ours of the plain ones",
}


def _spread(name: str, of: str) -> dict[str, str]:
    return {
        f"{name}.count": f"{of}: how many",
        f"{name}.p50Ms": f"{of}: half took at most",
        f"{name}.p95Ms": f"{of}: 95 of 100 took at most",
        f"{name}.p99Ms": f"{of}: 99 of 100 took at most",
        f"{name}.maxMs": f"{of}: the longest",
    }


#: By the report's kind: the members that it has beside those of every report.
MEMBERS: Mapping[str, Mapping[str, str]] = {
    "hitl-load-1k": {
        "targetWaits": "runs that were to wait",
        "polling.iterations": "looks at how many wait",
        "polling.elapsedMs": "from the first start until all waited",
        "polling.cadenceMs": "between two looks",
        "waiting.readyCount": "runs that wait at their gates at the end",
        "waiting.pendingCount": "runs that are under way still",
        "waiting.enqueuedCount": "runs that have not begun",
        "waiting.erroredCount": "runs that failed",
        "waiting.gateCount": "gates that are open",
        **_PRESSURE,
        "rates.startsPerSecond": "runs that the API took, a second",
        "rates.gatesPerSecond": "runs that came to wait at their gates, a second",
        "rates.cpuMsPerGate": "processor time of server and workers for one of them; null elsewhere",
        **_FLOOR,
    },
    "hitl-burst-reply": {
        "gates": "runs that waited",
        "accepted": "answers that were accepted",
        "final.succeeded": "runs that succeeded",
        "final.active": "runs that have not ended",
        "final.errors": "runs that failed or were cancelled",
        "interactions.totalRows": "answers in the record",
        "interactions.distinctDedupeKeys": "dedupe keys that they have",
        "interactions.expectedDistinct": "dedupe keys that were sent",
        "decisions.duplicateDecisionKeys": "gates that were decided more than once",
        "timeline.duplicateStepAttempts": "steps that were done more than once",
        "timeline.answeredMs": "from the first answer until all were accepted",
        "timeline.terminalMs": "from the first answer until every run had ended",
        "timeline.cpuMsPerRun": "processor time of server and workers for a run, from then on; null elsewhere",
        "answers.perSecond": "answers that were accepted, a second",
        **_spread("answers", "an answer over HTTP"),
        **_PRESSURE,
        **_FLOOR,
    },
    "hitl-race": {
        "gates": "gates that were raced for",
        "answersPerGate": "different answers to each",
        "accepted": "answers that were told that they were accepted",
        "conflicts": "answers that were told that somebody else was first",
        "effects": "effects that decisions had",
        "untoldLosers": "answers that lost and were not told to whom",
        "answersPerSecond": "answers of all kinds, a second",
        **_FLOOR,
    },
    "hitl-soak": {
        "gates": "how many waited all the time",
        "minutes": "for how long was answered",
        "rate": "answers a second that were to be sent",
        "answers.accepted": "answers that were accepted",
        "answers.refused": "answers that were refused",
        "answers.lateGates": "looks for a gate that was not open yet when it was to be answered",
        "answers.perSecond": "answers that were accepted, a second",
        **_spread("answers", "an answer over HTTP"),
        "final.succeeded": "runs that succeeded; with `--callbacks` gates that called back once",
        "final.active": "what still waits",
        "final.errors": "runs that failed or were cancelled; with `--callbacks` gates that called back more than once",
        "interactions.totalRows": "answers in the record",
        "interactions.distinctDedupeKeys": "dedupe keys that they have",
        "memory": "none of a server elsewhere",
        "memory[].name": "which process",
        "memory[].firstMb": "its resident memory when answering began",
        "memory[].lastMb": "its resident memory when answering ended",
        "memory[].maxMb": "the most that it had",
        "memory[].growthMb": "from the median of the second quarter of the time to that of the last",
        "memory[].flatMb": "the most growth that counts as none",
        "memory[].isFlat": "whether it did not grow",
        "memory[].cpuPercent": "of one core, in the mean",
        **_FLOOR,
    },
    "hitl-wake": {
        "waiting": "gates that waited beside",
        **_spread("leg", "from a commit to the first line of the next leg"),
        **_spread("firstStep", "from a commit to the first step of the leg"),
        "floor.what": "what was compared",
        "floor.count": "how many",
        "floor.heardP50Ms": "from a commit until another connection heard of it: half took at most",
        "floor.heardP99Ms": "the same: 99 of 100 took at most",
    },
    "hitl-park": {
        "gates": "gates that waited",
        "seconds": "for how long each worker was looked at",
        "insertedMs": "how long it took to insert the gates",
        "worker.readyMs": "from its start until it was ready, with so many gates waiting",
        "worker.rssMb": "its resident memory",
        "worker.cpuPercent": "of one core, when idle",
        "more.rssMb": "more than when nothing waits",
        "more.cpuPercent": "more than when nothing waits",
        "more.readyMs": "more than when nothing waits",
        "floor.what": "what was compared",
        "floor.readyMs": "from its start until it was ready when nothing waits",
        "floor.rssMb": "its resident memory when nothing waits",
        "floor.cpuPercent": "of one core, when idle and nothing waits",
    },
    "cli": {
        "runs": "of each command",
        "commands[].name": "which command",
        "commands[].medianMs": "half took at most",
        "commands[].p95Ms": "95 of 100 took at most",
        "commands[].cpuMedianMs": "processor time: half took at most",
        "commands[].ofBare": "the median, in medians of a bare program",
        "floor.what": "what was compared",
        "floor.medianMs": "a bare program: half took at most",
        "floor.p95Ms": "a bare program: 95 of 100 took at most",
        "floor.cpuMedianMs": "a bare program's processor time: half took at most",
    },
}
