"""Markdown of prompts, which agents write: what it may become on a page is little.

HTML stays text, images become links that nobody is made to follow, links lead to the web or to a mailbox and say
nothing of this page. What is too large or nested too deeply is shown as it is written.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

from signoff.documents.plain_text import sanitise
from signoff.inbox.diff import marked_lines

CHARS_MAX = 40_000
LINE_CHARS_MAX = 5_000
LEVELS_MAX = 12
SCHEMES = ("http", "https", "mailto")
REL = "noopener noreferrer nofollow"
#: What a fence is called whose lines are those of a diff.
_CHANGES = ("diff", "patch")
_CHANGE = Markup(
    '<div class="scroll" tabindex="0" role="region" aria-label="A change"><table class="diff">\n{}</table></div>\n'
)
#: A page has headings of its own above.
_HEADINGS_DOWN = 2


def render_markdown(text: str) -> Markup:
    text = sanitise(text)
    # A long line is where parsers of inline marks take long.
    if len(text) > CHARS_MAX or max(map(len, text.split("\n"))) > LINE_CHARS_MAX:
        return _as_written(text)
    tokens = _PARSER.parse(text)
    if any(token.level > LEVELS_MAX for token in tokens):
        return _as_written(text)
    for token in tokens:
        _make_plainer(token)
    # Made of escaped text and our own tags.
    return Markup(sanitise(_PARSER.renderer.render(tokens, _PARSER.options, {})))  # noqa: S704


def is_safe_link(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in SCHEMES
    except ValueError:
        return False


def _as_written(text: str) -> Markup:
    return Markup('<pre class="wrap" tabindex="0">{}</pre>').format(text)


def _make_plainer(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + _HEADINGS_DOWN)}"
    if token.type == "fence":
        token.type = "change" if token.info.strip().lower() in _CHANGES else "fence"
        token.info = ""
    for child in token.children or []:
        if child.type == "link_open":
            child.attrSet("rel", REL)


def _image(_: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, ___: MutableMapping[str, Any]) -> str:
    """Its text as a link: to load it would tell whoever keeps it that somebody looks."""
    token = tokens[index]
    url, words = str(token.attrGet("src") or ""), token.content or "image"
    return str(Markup('<a href="{}" rel="{}">[{}]</a>').format(url, REL, escape(words)))


def _change(
    _: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, ___: MutableMapping[str, Any]
) -> str:
    """Its lines told apart, as those of evidence are."""
    cells = '<tr class="{}"><td class="n">{}</td><td class="n">{}</td><td><code>{}</code></td></tr>\n'
    lines = marked_lines(tokens[index].content)
    rows = [Markup(cells).format(one.kind, one.old or "", one.new or "", one.text) for one in lines]  # noqa: S704
    return str(_CHANGE.format(Markup("").join(rows)))


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": LEVELS_MAX * 2}).enable(["table", "strikethrough"])
    parser.validateLink = is_safe_link  # type: ignore[method-assign]  # the library's own way
    parser.add_render_rule("image", _image)
    parser.add_render_rule("change", _change)
    return parser


_PARSER = _make_parser()
