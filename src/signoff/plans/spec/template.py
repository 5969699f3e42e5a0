"""A new spec from its tier's template: `{{tier}}`, `{{title}}`, `{{owner}}`, `{{goal}}` (as YAML), `{{heading}}` and
`{{aim}}` (title and goal as one line of Markdown)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from signoff.plans.spec.emit import scalar

SLUG_CHARS_MAX = 60

_BLANK = re.compile(r"\{\{([a-z]+)\}\}")


def fill_template(template: str, values: Mapping[str, str]) -> str:
    """`values` are tier, title, owner and goal."""
    lines = {name: " ".join(value.split()) for name, value in values.items()}
    filled = {name: scalar(line) for name, line in lines.items()}
    filled |= {"heading": lines["title"], "aim": lines["goal"]}
    return _BLANK.sub(lambda match: filled[match[1]], template)


def slug_of(title: str) -> str:
    """A file name for the title, without an ending: `add-a-health-check`."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words)[:SLUG_CHARS_MAX].strip("-") or "spec"
