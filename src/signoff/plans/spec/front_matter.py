"""The YAML between the first two `---` lines: what the spec is called, whose it is, and how much it asks of people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.documents.problem import Problem, shown
from signoff.documents.yaml_text import YamlText, read_yaml
from signoff.plans.spec.model import TEXT_CHARS_MAX, TIERS, TITLE_CHARS_MAX, FrontMatter

FRONT_MATTER_CHARS_MAX = 64_000
REQUIRED = ("tier", "title", "owner", "goal")

_FENCE = re.compile(r"---[ \t]*")
_TEXTS = ("version", "project_slug", "spec_version", "created", "updated", "aip_id")
_REPO = ("url", "default_branch", "working_branch")
_KNOWN = {*REQUIRED, *_TEXTS, "labels", "orchestrator_contract", "repo"}
_LONGEST = {"goal": 10_000, "title": TITLE_CHARS_MAX}


def read_front_matter(lines: Sequence[str], problems: list[Problem]) -> tuple[int, FrontMatter | None]:
    """Where the front matter ends (the number of lines up to there), and what it says; None where nothing of it can be
    read. What is missing or wrong is empty, and among the problems."""
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    if not _FENCE.fullmatch(lines[first]):
        found = shown(lines[first]) if lines[first].strip() else "an empty file"
        problems.append(Problem(first + 1, "missing-front-matter", found, "front matter that begins with ---"))
        return 0, None
    end = next((at for at in range(first + 1, len(lines)) if _FENCE.fullmatch(lines[at])), None)
    if end is None:
        # The rest is read as if it had no front matter: there is more to be found wrong in it.
        problems.append(Problem(first + 1, "unclosed-front-matter", "--- and no end", "a second line ---"))
        return first + 1, None
    return end + 1, _read("\n".join(lines[first + 1 : end]), first + 2, problems)


def _read(text: str, first: int, problems: list[Problem]) -> FrontMatter | None:
    if len(text) > FRONT_MATTER_CHARS_MAX:
        found = f"{len(text)} characters of front matter"
        problems.append(Problem(first, "too-large", found, f"at most {FRONT_MATTER_CHARS_MAX}"))
        return None
    before = len(problems)
    yaml = read_yaml(text, problems, first_line=first)
    if isinstance(yaml.value, dict):
        return _Reader(yaml, yaml.value, problems, first).read()
    if len(problems) == before:
        found = f"front matter that says {shown(str(yaml.value))}"
        problems.append(Problem(first, "invalid-front-matter", found, f"keys, {', '.join(REQUIRED)} among them"))
    return None


@dataclass(frozen=True)
class _Reader:
    yaml: YamlText
    values: Mapping[str, Any]
    problems: list[Problem]
    first: int

    def read(self) -> FrontMatter:
        required = {key: self._text((key,), is_required=True) for key in REQUIRED}
        return FrontMatter(
            **{**required, "tier": self._tier(required["tier"])},
            **{key: self._text((key,)) for key in _TEXTS},
            **{f"repo_{key}": self._text(("repo", key)) for key in _REPO},
            labels=self._labels(),
            orchestrator_contract=self._contract(),
            extra=self._extra(),
        )

    def _tier(self, text: str) -> str:
        if text and text.upper() not in TIERS:
            self._refuse(("tier",), "unknown-tier", f"the tier {shown(text)}", "A, B or C")
        return text.upper()

    def _text(self, path: tuple[str, ...], *, is_required: bool = False) -> str:
        """One line of text; what YAML takes for a number, truth or date is text here."""
        value = self._at(path)
        if isinstance(value, dict | list):
            self._refuse(path, "invalid-front-matter", f"{'.'.join(path)} that is no text", "one line of text")
            return ""
        text = "" if value is None else " ".join(_plain(value).split())
        if not text and is_required:
            found = f"no {path[-1]}" if path[-1] not in self.values else f"an empty {path[-1]}"
            self._refuse(path, "missing-key", f"{found} in the front matter", f"{path[-1]}: with a value")
        longest = _LONGEST.get(path[-1], TEXT_CHARS_MAX)
        if len(text) > longest:
            self._refuse(path, "too-long", f"{len(text)} characters of {'.'.join(path)}", f"at most {longest}")
        return text

    def _at(self, path: tuple[str, ...]) -> Any:
        if len(path) == 1:
            return self.values.get(path[0])
        parent = self.values.get(path[0])
        return parent.get(path[1]) if isinstance(parent, dict) else None

    def _labels(self) -> tuple[str, ...]:
        labels = self.values.get("labels") or []
        if not isinstance(labels, list) or any(isinstance(one, dict | list) for one in labels):
            self._refuse(("labels",), "invalid-front-matter", "labels that are no list of texts", "[one, two]")
            return ()
        return tuple(_plain(label) for label in labels if label is not None)

    def _contract(self) -> str | Mapping[str, Any]:
        value = self.values.get("orchestrator_contract")
        if isinstance(value, dict):
            return value
        return self._text(("orchestrator_contract",)) or "standard"

    def _extra(self) -> dict[str, Any]:
        """The keys that are not known, those of `repo` among them."""
        extra = {key: value for key, value in self.values.items() if key not in _KNOWN}
        repo = self.values.get("repo")
        if repo is not None and not isinstance(repo, dict):
            self._refuse(("repo",), "invalid-front-matter", f"the repo {shown(str(repo))}", f"keys {', '.join(_REPO)}")
        elif unknown := {key: value for key, value in (repo or {}).items() if key not in _REPO}:
            extra["repo"] = unknown
        return extra

    def _refuse(self, path: tuple[str, ...], code: str, found: str, expected: str) -> None:
        line = self.yaml.lines.get(path, self.first)
        self.problems.append(Problem(line, code, found, expected))


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
