"""Text from programs and strangers, made fit to be shown, put into an error or kept in the ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signoff.app.steps import Artifact

EXCERPT_LINES = 10
EXCERPT_CHARS_MAX = 2_000

# Terminal control: CSI; OSC and the other strings up to their terminator; two-character escapes.
_SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -~]?"
_UNSTORABLE = "[\x00\ud800-\udfff]"


def one_line(text: str, chars_max: int) -> str:
    """The text on one line, without control characters or invisible ones, shortened with an ellipsis."""
    # Cut before the expensive part, with room for sequences that fall away.
    plain = re.sub(_SEQUENCE, "", text[: chars_max * 4])
    visible = " ".join("".join(char if char.isprintable() else " " for char in plain).split())
    shortened = len(visible) > chars_max or len(text) > chars_max * 4
    return visible[: chars_max - 1] + "…" if shortened else visible


def last_lines(output: bytes) -> str:
    """The last lines of what a program wrote, in at most `EXCERPT_CHARS_MAX` characters; "" for none."""
    text = output[-EXCERPT_CHARS_MAX * 4 :].decode("utf-8", errors="replace")
    lines = [one_line(line, EXCERPT_CHARS_MAX) for line in text.splitlines()]
    return "\n".join([line for line in lines if line][-EXCERPT_LINES:])[-EXCERPT_CHARS_MAX:]


def to_artifact(kind: str, output: bytes | str) -> Artifact:
    """Text to keep inline. What no database keeps becomes U+FFFD; the digest is over the text as kept."""
    # Imported here: whoever only makes text fit to be shown needs neither.
    from signoff.app.steps import Artifact
    from signoff.gates.digest import sha256_hex

    text = output if isinstance(output, str) else output.decode("utf-8", errors="replace")
    kept = re.sub(_UNSTORABLE, "\ufffd", text)
    return Artifact(kind, sha256_hex(kept.encode()), inline=kept)
