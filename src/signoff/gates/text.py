"""What a text says to a person, and what of it nobody sees."""

from __future__ import annotations

import unicodedata
from itertools import chain

#: Letters and marks that are drawn as nothing, though their categories say otherwise (Unicode's
#: Default_Ignorable_Code_Point, and the empty pattern of Braille).
_DRAWN_AS_NOTHING = frozenset(
    chain(
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x2800, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xFFF0, 0xFFF9),
        range(0xE0000, 0xE1000),
    )
)
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})


def is_unseen(character: str) -> bool:
    """Whether it leaves nothing to be seen: blanks, controls, and what only changes its neighbours."""
    return ord(character) in _DRAWN_AS_NOTHING or unicodedata.category(character) in _UNSEEN_CATEGORIES


def says_something(text: str) -> bool:
    return not all(map(is_unseen, text))
