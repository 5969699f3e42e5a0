"""Words as people see them: which two are one, and what keeps one from being known for what it is.

`Production` and full-width letters are compared as `production`. A letter of another alphabet that looks like a Latin
one, or a character that nobody sees, makes another word of it, which no reader tells from the first.
"""

from __future__ import annotations

import re
import unicodedata

from signoff.gates.text import is_unseen

_LETTERS = re.compile(r"[^\W\d_]+")
#: Alphabets with letters that look like Latin ones, as the names of their characters begin.
_LIKE_LATIN = ("CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU")


def fold(text: str) -> str:
    """What all spellings of a word have in common: it is without case, width, style and surrounding spaces."""
    return _normalised(_normalised(text).casefold()).strip()


def without_unseen(text: str) -> str:
    """A text as people read it: without what is drawn as nothing. Blanks stay."""
    return "".join(char for char in text if char.isspace() or not is_unseen(char))


def disguise_of(word: str) -> str | None:
    """Why people could take it for another word, as what follows "it has"; None where they could not."""
    unseen = next((char for char in word.strip() if char != " " and is_unseen(char)), None)
    if unseen is not None:
        return f"a character that cannot be seen (U+{ord(unseen):04X})"
    mixed = next(filter(_is_mixed, _LETTERS.findall(_normalised(word))), None)
    return None if mixed is None else f"letters of two alphabets that look alike ({mixed!a})"


def _is_mixed(letters: str) -> bool:
    names = [unicodedata.name(char, "") for char in letters]
    return any(name.startswith("LATIN") for name in names) and any(name.startswith(_LIKE_LATIN) for name in names)


def _normalised(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
