"""Text as people may be shown it, on a terminal or a page.

Titles, bodies and names come from agents and strangers. Colours and cursor moves could draw a harmless prompt over a
harmful one, bidirectional controls could turn a command around, a carriage return could write over what stands before
it.
"""

from __future__ import annotations

import re

# Sequences that only format (CSI) are taken out whole. Of all others the control characters alone are dropped, so that
# a text hidden in one (a window title, the address of a link) is seen rather than swallowed.
_FORMATTING = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
_LINE_ENDS = "\r\n|[\r\x85\u2028\u2029]"
_UNSHOWABLE = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line end, DEL, C1
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"  # bidirectional and invisible
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"  # annotations, lone surrogates, tags
)


def sanitise(text: str) -> str:
    """The text without anything that is obeyed rather than read; line ends and tabs stay."""
    if text.isprintable():
        return text  # none of these characters is
    return re.sub(_UNSHOWABLE, "", re.sub(_LINE_ENDS, "\n", re.sub(_FORMATTING, "", text)))
