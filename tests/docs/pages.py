"""The project's Markdown, and what it refers to: links, anchors, commands."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .source import ROOT

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_SPAN = re.compile(r"`(signoff [^`]+)`")
_COMMAND_LINE = re.compile(r"^(?:\$ )?(?:.*?(?:\| |&& |if |=\$\())?(signoff .+)$", re.MULTILINE)
#: What ends a command in a line of shell.
_ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "then"}


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return tuple(path for name in sorted(listed.stdout.split("\0")) if name and (path := ROOT / name).is_file())


def markdown_files() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".md"]


def links_of(page: str) -> Iterator[str]:
    """Links to files of the project, with their anchors."""
    for link in _LINK.findall(_FENCED.sub("", page)):
        if not re.match(r"[a-z]+:", link):
            yield link


def anchors_of(page: str) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    seen: dict[str, int] = {}
    anchors = set()
    for heading in _HEADING.findall(_FENCED.sub("", page)):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        anchors.add(f"{anchor}-{count}" if count else anchor)
    return anchors


def fences_of(page: str) -> list[tuple[str, str]]:
    """The fenced blocks: language and text."""
    return _FENCE.findall(page)


def commands_of(page: str) -> Iterator[list[str]]:
    """The words after `signoff` of every command that a page names, in code spans and in shell."""
    shell = [body for language, body in fences_of(page) if language in ("", "sh", "console", "yaml")]
    texts = [found for body in shell for found in _COMMAND_LINE.findall(body.replace("\\\n", ""))]
    for text in [*texts, *_SPAN.findall(_FENCED.sub("", page))]:
        words = _words(text)
        ending = next((at for at, word in enumerate(words) if word in _ENDS), len(words))
        yield words[1:ending]


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # a quote that goes on in the next line
        return text.split()
