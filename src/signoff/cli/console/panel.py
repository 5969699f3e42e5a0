"""A gate drawn for a terminal.

Titles, bodies and all the rest were written by agents and strangers. They are taken apart by `sanitise` before they are
laid out, and once more on their way out: Markdown makes control characters of entities that were harmless letters.
However narrow the terminal, nothing is cut off; text that has a shape of its own stands behind a bar.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from rich.console import Console, Group
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from signoff.cli.gate.text import choice_words, facts, field_words, form_fields, interaction_words, is_missing
from signoff.cli.terminal import has_colours, height, one_line, sanitise, width

if TYPE_CHECKING:
    from markdown_it.token import Token
    from rich.console import ConsoleOptions, RenderableType, RenderResult

#: Beyond these a body is drawn as it is written: laying it out would take long, or lose text at the edge.
MARKDOWN_CHARS_MAX = 100_000
MARKDOWN_LEVELS_MAX = 8

_BAR = "│ "
_BOLD, _DIM, _ALARM = Style(bold=True), Style(dim=True), Style(bold=True, color="red")


def print_gate(view: Mapping[str, Any], history: Sequence[Mapping[str, Any]], now: int) -> None:
    _print(gate_panel(view, history, now))


def print_body(view: Mapping[str, Any]) -> None:
    """What is asked, and what an approval lets happen."""
    _print(_Shown(Group(*_body(view["prompt"]))))


def gate_panel(view: Mapping[str, Any], history: Sequence[Mapping[str, Any]], now: int) -> RenderableType:
    """The whole gate, whatever the width that it is drawn in."""
    subject = _subject(view["prompt"])
    parts = [
        Text(one_line(view["prompt"]["title"]), style=_BOLD),
        *([_Barred(_facts(list(subject.items())))] if subject else []),
        _facts(list(facts(view, now))),
        *_body(view["prompt"]),
        *_sections(view, history),
    ]
    name = Text(one_line(subject.get("gate") or view["gateKey"]))
    return _Shown(Panel(Group(*parts), title=name, title_align="left"))


class _Shown:
    """The last look at everything that is printed."""

    def __init__(self, drawing: RenderableType) -> None:
        self._drawing = drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._drawing, options):
            if not segment.control:
                yield Segment(sanitise(segment.text), segment.style)


class _Barred:
    """Every line behind a bar, so that what strangers wrote cannot pass for the drawing's own words."""

    def __init__(self, drawing: RenderableType) -> None:
        self._drawing = drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrower = options.update(width=max(1, options.max_width - len(_BAR)))
        for line in console.render_lines(self._drawing, narrower, pad=False):
            yield Segment(_BAR, _DIM)
            yield from line
            yield Segment.line()


def _print(drawing: RenderableType) -> None:
    # Both sizes are said: rich takes any terminal that calls itself dumb for 80 columns wide.
    console = Console(
        width=width(), height=height(), color_system="auto" if has_colours() else None, highlight=False, markup=False
    )
    console.print(drawing)


def _subject(prompt: Mapping[str, Any]) -> Mapping[str, str]:
    """What the gate is about, where its door says so; else nothing."""
    payload = prompt.get("payload")
    subject = payload.get("subject") if isinstance(payload, dict) else None
    if not isinstance(subject, dict) or not all(isinstance(value, str) for value in subject.values()):
        return {}
    return subject


def _facts(pairs: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(one_line(name), style=_DIM), Text(one_line(value)))
    return table


def _body(prompt: Mapping[str, Any]) -> Iterator[RenderableType]:
    if prompt.get("body"):
        yield Text()
        yield _Barred(_markdown(sanitise(prompt["body"])))
    payload = prompt.get("payload")
    if isinstance(payload, dict) and _subject(prompt):
        payload = {name: value for name, value in payload.items() if name != "subject"} or None
    if payload is not None:
        yield from _section("What an approval lets happen", [Text(line) for line in _outline(payload)])


def _sections(view: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    prompt = view["prompt"]
    for category in prompt.get("checklist") or []:
        yield from _section(category["category"], [_item(item) for item in category["items"]])
    yield from _section("Evidence", [_evidence(piece) for piece in prompt.get("evidence") or []])
    yield from _section("Form", [_line(field_words(field)) for field in form_fields(prompt)])
    yield from _section("Choices", [_line(choice_words(choice)) for choice in prompt["choices"]])
    yield from _section("History", [_line(interaction_words(one)) for one in history])


def _section(title: str, lines: Sequence[Text]) -> Iterator[RenderableType]:
    if lines:
        yield Text()
        yield Text(one_line(title), style=_BOLD)
        yield from (Padding(line, (0, 0, 0, 2)) for line in lines)


def _line(text: str) -> Text:
    return Text(one_line(text))


def _item(item: Mapping[str, Any]) -> Text:
    """A tick that came with the prompt says what its author claims; it is nobody's answer."""
    said = [(", ticked in the file", _DIM)] if item["checked"] else []
    return Text.assemble(one_line(f"{item['id']}: {item['text']}"), *said)


def _evidence(piece: Mapping[str, str]) -> Text:
    where = "" if piece["uri"] == piece["title"] else f": {piece['uri']}"
    name = one_line(f"{piece['title']}{where}")
    if is_missing(piece):
        return Text(f"MISSING {name}", _ALARM)
    return Text.assemble(name, (f" sha256 {piece['sha256']}" if piece.get("sha256") else " without a hash", _DIM))


def _outline(value: Any, indent: str = "") -> Iterator[str]:
    """JSON as lines; a text of several lines stands behind bars, so that none of them passes for a member."""
    if isinstance(value, str) and "\n" in sanitise(value):
        yield from (f"{indent}{_BAR}{line}" for line in sanitise(value).rstrip("\n").split("\n"))
    elif isinstance(value, dict) and value:
        for name, member in value.items():
            yield from _member(f"{indent}{one_line(name)}:", member, indent)
    elif isinstance(value, list) and value:
        for member in value:
            first, *others = _outline(member, f"{indent}  ")
            yield from (f"{indent}- {first[len(indent) + 2 :]}", *others)
    else:
        yield f"{indent}{_scalar(value)}"


def _member(label: str, value: Any, indent: str) -> Iterator[str]:
    is_block = (isinstance(value, dict | list) and value) or (isinstance(value, str) and "\n" in sanitise(value))
    if is_block:
        yield label
        yield from _outline(value, f"{indent}  ")
    else:
        yield f"{label} {_scalar(value)}"


def _scalar(value: Any) -> str:
    return sanitise(value) if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False)


def _markdown(text: str) -> RenderableType:
    """Without hyperlinks the address of a link is printed, and cannot be another than the one that is seen. What would
    be drawn as less than is written (HTML, images, references, tables in few columns) is shown as it is written."""
    if len(text) > MARKDOWN_CHARS_MAX:
        return Text(text)
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MARKDOWN_LEVELS_MAX * 10})
    tokens = parser.disable(["image", "reference"]).parse(text)
    if any(token.level > MARKDOWN_LEVELS_MAX for token in tokens):
        return Text(text)
    drawing = Markdown("", hyperlinks=False)
    drawing.parsed = [_plainer(token) for token in tokens]
    return drawing


def _plainer(token: Token) -> Token:
    """Lines stay lines; code is not coloured by whatever language it claims to be, as that can take for ever."""
    for child in token.children or []:
        if child.type == "softbreak":
            child.type = "hardbreak"
    return token.copy(info="") if token.type == "fence" else token
