"""What all programs found in all rounds, on which machine; as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from statistics import median
from typing import Any

from outcome import Floor, Outcome, OutcomeError, Pace, Race, read_outcome


@dataclass(frozen=True)
class Sizes:
    gates: int
    clients: int
    race_gates: int
    race_answers: int
    rounds: int

    @property
    def command(self) -> str:
        """What measures as much again."""
        flags = f"--gates {self.gates} --clients {self.clients} --race {self.race_gates}x{self.race_answers}"
        return f"uv run python bench/peers/run.py {flags} --rounds {self.rounds} --write"


@dataclass(frozen=True)
class Report:
    """`rounds` are the outcomes of each program, in the order of PROGRAMS; `loads` the machine's load average when it
    began and when it ended; `postgres` the server's version, empty where none was needed."""

    date: str
    machine: Mapping[str, Any]
    loads: Sequence[float]
    postgres: str
    python: str
    sizes: Sizes
    rounds: Mapping[str, Sequence[Outcome]]

    def to_text(self) -> str:
        rounds = {name: [one.to_wire() for one in outcomes] for name, outcomes in self.rounds.items()}
        return json.dumps({**asdict(replace(self, rounds={})), "rounds": rounds}, indent=2) + "\n"

    @staticmethod
    def outcome(outcomes: Sequence[Outcome]) -> Outcome:
        """Of all rounds: the median of each figure that is a speed, and the sum of each that counts what raced."""
        floors = [one.floor for one in outcomes if one.floor is not None]
        return replace(
            outcomes[0],
            one=_over(Pace, [one.one for one in outcomes], median),
            many=_over(Pace, [one.many for one in outcomes], median),
            race=replace(_over(Race, [one.race for one in outcomes], sum), answers=outcomes[0].race.answers),
            floor=_over(Floor, floors, median) if floors else None,
        )


def read_report(text: str) -> Report:
    """
    Raises:
        OutcomeError: it was not written by this program.
    """
    try:
        document = json.loads(text)
        rounds = {name: [read_outcome(one) for one in outcomes] for name, outcomes in document["rounds"].items()}
        return Report(**{**document, "sizes": Sizes(**document["sizes"]), "rounds": rounds})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutcomeError(f"this is no report of run.py: {type(error).__name__}: {error}") from None


def _over(kind: type[Any], parts: Sequence[Any], pick: Any) -> Any:
    return kind(**{field.name: pick([getattr(one, field.name) for one in parts]) for field in fields(kind)})
