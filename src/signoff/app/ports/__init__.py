"""What the use cases need from the world, as Protocols; `bootstrap` names who provides it.

Here is what they have in common, and what is needed beside the ledger, whose ports are `reader`, `writer` and `ledger`.
Time is epoch milliseconds. Rows are mappings from column names to plain values, JSON columns already read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from signoff.gates.interaction import Interaction
    from signoff.gates.principal import Principal
    from signoff.gates.token import Token

Row = Mapping[str, Any]
#: Where something stands in a list: an instant, a workflow id and a gate key.
Place = tuple[int, str, str]


@dataclass(frozen=True)
class Answers:
    """What was said at a gate so far: `all` in their order, and `same`, which came with the dedupe key in question."""

    all: Sequence[Interaction]
    same: Interaction | None


@dataclass(frozen=True)
class Bearer:
    """Whose a token is, and who lends them roles."""

    token: Token
    holder: Principal
    lenders: Sequence[Principal]


class Clock(Protocol):
    """Now, in epoch milliseconds."""

    def __call__(self) -> int: ...


class NewId(Protocol):
    """A fresh ULID (26 characters, ascending with time)."""

    def __call__(self) -> str: ...
