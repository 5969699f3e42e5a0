"""Templates. Whatever is put into one is sanitised and escaped, unless it is markup that we have made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from signoff.documents.plain_text import sanitise
from signoff.inbox import words
from signoff.inbox.assets import assets
from signoff.inbox.markdown import render_markdown

_FOLDER = Path(__file__).parent / "templates"


def render(template: str, **facts: Any) -> str:
    return _environment().get_template(template).render(facts)


def gate_path(workflow_id: str, gate_key: str) -> str:
    return f"/gates/{quote(workflow_id, safe='')}/{quote(gate_key, safe='')}"


def run_path(workflow_id: str) -> str:
    return f"/runs/{quote(workflow_id, safe='')}"


def pretty_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        assets={name: asset.url for name, asset in assets().items()},
        gate_path=gate_path,
        run_path=run_path,
        words=words,
    )
    environment.filters.update(
        iso=words.iso, markdown=render_markdown, moment=words.moment, pretty=pretty_json, span=words.span
    )
    return environment


def _shown(value: Any) -> Any:
    return sanitise(value) if isinstance(value, str) and not isinstance(value, Markup) else value
