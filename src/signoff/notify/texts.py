"""The words of notices: templates by kind of channel and event, the user's own before those that come along.

A template is `<kind>/<event>.<part>`, or `<kind>/notice.<part>` for all events. The ending of the part says what is
escaped: `.html` for HTML, `.mrkdwn` for Slack, `.md` for Markdown; `.txt` is left as it is. Templates run in a sandbox:
whoever may edit one may change words, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from signoff.app.notify_gate import EVENTS
from signoff.documents.problem import Problem
from signoff.errors import DeliveryError
from signoff.notify.facts import Ours

FOLDER = Path(__file__).parent / "templates"
NOTICE = "notice"

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~&:-])")


def escape_mrkdwn(value: Any) -> str:
    """Slack's three: without `<` there is no mention and no link."""
    return (
        str(value)
        if isinstance(value, Ours)
        else str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )


def _escape_markdown(value: Any) -> str:
    return str(value) if isinstance(value, Ours) else _MARKDOWN.sub(r"\\\1", str(value))


_ESCAPES: Mapping[str, Callable[[Any], str] | None] = {
    "txt": None,
    "html": None,
    "mrkdwn": escape_mrkdwn,
    "md": _escape_markdown,
}


class Texts:
    """`folder`: the user's own templates."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        folders = [FOLDER] if folder is None else [folder, FOLDER]
        self._environments = {
            ending: ImmutableSandboxedEnvironment(
                loader=FileSystemLoader(folders),
                autoescape=ending == "html",
                finalize=escape,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                auto_reload=False,
            )
            for ending, escape in _ESCAPES.items()
        }

    def headline(self, facts: Mapping[str, Any]) -> str:
        return self._render(["headline/" + facts["event"] + ".txt"], facts)

    def render(self, kind: str, part: str, facts: Mapping[str, Any]) -> str:
        """
        Args:
            part: `txt`, `html`, `subject.txt` and so on, as the channel asks for it.

        Raises:
            DeliveryError: the user's template cannot be used.
        """
        names = [f"{kind}/{event}.{part}" for event in (facts["event"], NOTICE)]
        return self._render(names, {**facts, "headline": self.headline(facts)})

    def problems(self, facts_of_event: Callable[[str], Mapping[str, Any]]) -> Iterator[tuple[str, Problem]]:
        """What is wrong with the user's templates, by the path of each: it was tried with the facts of every event."""
        if self._folder is None:
            return
        known = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.*")}
        for path in sorted(path for path in self._folder.rglob("*") if path.is_file()):
            name = path.relative_to(self._folder).as_posix()
            if _general(name) not in known:
                found, expected = "a template that nothing uses", f"a name like {', '.join(sorted(known))}"
                yield str(path), Problem(1, "unknown-template", found, expected)
                continue
            for event in EVENTS:
                try:
                    facts = facts_of_event(event)
                    self._render([name], {**facts, "headline": ""})
                except DeliveryError as error:
                    line = error.details["line"] or 1
                    yield str(path), Problem(line, "invalid-template", error.details["why"], "a Jinja template")
                    break

    def _render(self, names: list[str], facts: Mapping[str, Any]) -> str:
        environment = self._environments[names[0].rpartition(".")[2]]
        try:
            return environment.select_template(names).render(facts).strip()
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, OSError) as error:
            line = error.lineno if isinstance(error, TemplateSyntaxError) else None
            why = f"{type(error).__name__}: {error}"
            raise DeliveryError(
                f"The template {names[0]} cannot be used: {why}.", details={"why": why, "line": line}
            ) from None


def _general(name: str) -> str:
    """The packaged template in whose place one of the user's stands: one for a single event stands for `notice`."""
    kind, _, rest = name.partition("/")
    event = next((event for event in EVENTS if rest.startswith(f"{event}.")), None)
    return name if event is None or kind == "headline" else f"{kind}/{NOTICE}{rest.removeprefix(event)}"
