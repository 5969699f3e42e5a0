"""Names of people: which two are one person's, and which nobody may act under."""

from __future__ import annotations

import unicodedata

from signoff.errors import InvalidInputError

#: What acts without anybody: a policy, the program itself, a deadline that has passed.
POLICY_PREFIX = "policy:"
RULES_NAMES = frozenset({"signoff", "deadline"})
NAME_CHARS_MAX = 200


def is_same(name: str, other: str | None) -> bool:
    """Whether two names are one person's, however they are written: `Ada ` is no way to approve what ada asked for."""
    return other is not None and plain_name(name) == plain_name(other)


def plain_name(name: str) -> str:
    """The same for every way to write a name: spaces, case, and the forms that Unicode has for one letter."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def check_actor_name(name: str) -> str:
    """The name under which somebody acts. Those of the rules that act by themselves are not for anybody to take.

    Raises:
        InvalidInputError: (`invalid-actor`).
    """
    if name.startswith(POLICY_PREFIX) or name in RULES_NAMES:
        raise InvalidInputError(f"{name[:80]!r} is a rule of signoff; nobody acts as it.", code="invalid-actor")
    if not name.strip() or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise InvalidInputError(
            f"This is not the name of an actor: it has 1 to {NAME_CHARS_MAX} printable characters.",
            code="invalid-actor",
        )
    return name
