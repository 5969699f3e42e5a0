"""What a form sends, read strictly: pairs of names and texts, nothing guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from signoff.errors import InvalidInputError
from signoff.gates.digest import check_storable

MEDIA_TYPE = "application/x-www-form-urlencoded"
FIELDS_MAX = 1_500


@dataclass(frozen=True)
class Form:
    values: Sequence[tuple[str, str]] = ()

    def all(self, name: str) -> list[str]:
        return [text for given, text in self.values if given == name]

    def one(self, name: str) -> str | None:
        """None where it was not sent, or left blank.

        Raises:
            InvalidInputError: (`invalid-body`) it was sent twice, and could be read in two ways.
        """
        found = self.all(name)
        if len(found) > 1:
            raise _invalid(f"{name[:80]} is given more than once")
        return (found[0].strip() or None) if found else None


def read_form(body: bytes) -> Form:
    """
    Raises:
        InvalidInputError: `invalid-body`, `malformed-json` for text that cannot be stored.
    """
    if not body:
        return Form()
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        # Errors of decoding quote what was sent.
        why = "it is not UTF-8" if isinstance(error, UnicodeError) else "it is not a form, or has too many fields"
        raise _invalid(why) from None
    # Browsers send line ends of their own.
    values = [(name, text.replace("\r\n", "\n")) for name, text in pairs]
    for name, text in values:
        check_storable([name, text])
    return Form(values)


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This form cannot be taken: {why}.", code="invalid-body")
