"""The reader behind `yaml_text`: YAML is composed, and what is taken of it looked at node by node."""

from __future__ import annotations

import math
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from signoff.documents.problem import Problem, shown
from signoff.documents.yaml_text import DEPTH_MAX, KEY_CHARS_MAX, Path

_TAG = "tag:yaml.org,2002:"
_KINDS = frozenset({"null", "bool", "int", "float", "str", "timestamp", "merge", "value", "seq", "map"})
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,14})")
_NUMBER = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{0,15}(?:[eE][-+]?[0-9]{1,2})?")

#: Escapes can spell what no file may hold.
_UNTAKEN = re.compile("[\x00\ud800-\udfff]")


class YamlReader:
    """Reads one text; `lines` grows while it does, and so do the problems."""

    def __init__(self, problems: list[Problem], first_line: int) -> None:
        self.lines: dict[Path, int] = {}
        self._problems = problems
        self._first_line = first_line

    def read(self, text: str) -> Any:
        try:
            if not self._is_plain(text):
                return None
            node = _yaml().compose(text)
        except (YAMLError, ValueError, OverflowError) as error:
            self._refuse_text(error)
            return None
        return self._value(node, ()) if node is not None else None

    def _is_plain(self, text: str) -> bool:
        """Looked at event by event first: composing would unfold aliases, and takes ever longer with depth."""
        depth = 0
        for event in _yaml().parse(text):
            depth += isinstance(event, CollectionStartEvent)
            depth -= isinstance(event, CollectionEndEvent)
            if isinstance(event, AliasEvent):
                self._refuse(event.start_mark.line, f"the alias {shown('*' + str(event.anchor))}", "the value itself")
                return False
            if depth > DEPTH_MAX:
                self._refuse(event.start_mark.line, f"more than {DEPTH_MAX} levels", "fewer")
                return False
        return True

    def _value(self, node: Node, path: Path) -> Any:
        line = node.start_mark.line
        self.lines[path] = self._first_line + line
        if str(node.tag).removeprefix(_TAG) not in _KINDS:
            self._refuse(line, f"the tag {shown(str(node.tag))}", "a plain value")
            return None
        if isinstance(node, ScalarNode):
            if _UNTAKEN.search(node.value):
                self._refuse(line, "a character that is no text", "text without NUL and lone surrogates")
                return None
            return _scalar(node)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        return [self._value(one, (*path, at)) for at, one in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line
            if not isinstance(key, ScalarNode) or len(key.value) > KEY_CHARS_MAX or _UNTAKEN.search(key.value):
                self._refuse(line, "a key that is no short text", f"a text of at most {KEY_CHARS_MAX} characters")
            elif key.value in values:
                self._refuse(line, f"the key {shown(key.value)} again", "each key once")
            else:
                values[key.value] = self._value(value, (*path, key.value))
                self.lines[(*path, key.value)] = self._first_line + line
        return values

    def _refuse_text(self, error: Exception) -> None:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        why = error.problem if isinstance(error, MarkedYAMLError) else None
        self._refuse(mark.line if mark else 0, f"what is not YAML ({why or 'it cannot be read'})", "a YAML mapping")

    def _refuse(self, line: int, found: str, expected: str) -> None:
        self._problems.append(Problem(self._first_line + line, "invalid-yaml", found, expected))


def _yaml() -> YAML:
    # The pure one, so that the same text is read in the same way wherever it is read.
    yaml = YAML(typ="safe", pure=True)
    # An anchor that nothing refers to is harmless however often it stands there, and a warning of nobody's here.
    yaml.composer.warn_double_anchors = False
    return yaml


def _scalar(node: ScalarNode) -> Any:
    kind, text = str(node.tag).removeprefix(_TAG), str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "float" and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
