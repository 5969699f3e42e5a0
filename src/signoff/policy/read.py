"""Policy files to a policy.

The files of a folder are one policy: each section may stand in any of them, and what two of them say is said twice. A
section that none of them has is as shipped. Whatever is wrong is found in one pass and told at once, with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from signoff.documents.piece import NAME, Document, Piece, check_name, read_names
from signoff.documents.problem import Problem, all_at_once, shown
from signoff.documents.yaml_text import YamlText, read_yaml
from signoff.errors import PolicyError
from signoff.gates.gate import RISK_LEVELS
from signoff.policy.level import Level
from signoff.policy.read_level import IsZone, has_zone_form, read_level
from signoff.policy.read_rule import RuleReader, read_level_name
from signoff.policy.risk import UNKNOWN_OPERATION, UNKNOWN_SEVERITY, RiskPolicy, Rule
from signoff.policy.task import FIELDS

FILE_CHARS_MAX = 500_000
SECTIONS = (
    "risk_levels",
    "triggers",
    "rules",
    "roles",
    "operations",
    "severities",
    "unknown_operation",
    "unknown_severity",
)


@dataclass(frozen=True)
class PolicyText:
    """A file as it was read: `path` is what messages call it."""

    path: str
    text: str


def read_policy(
    texts: Sequence[PolicyText], shipped: Sequence[PolicyText] = (), *, is_zone: IsZone = has_zone_form
) -> RiskPolicy:
    """
    Args:
        texts: the files of a folder.
        shipped: where the sections come from that none of these has.
        is_zone: whether there is a time zone of this name.

    Raises:
        PolicyError: with every problem of every file.
    """
    files = [_open(one) for one in texts]
    defaults = [_open(one) for one in shipped]
    own, theirs = _sections(files), _sections(defaults)
    sections = {name: own[name] or theirs[name] for name in SECTIONS}
    policy = _Reader(sections, files[0] if files else defaults[0], is_zone).read()
    problems = {one.path: one.problems for one in (*files, *defaults) if one.problems}
    if problems:
        raise all_at_once(PolicyError, problems)
    return policy


def _open(source: PolicyText) -> Document:
    problems: list[Problem] = []
    if len(source.text) > FILE_CHARS_MAX:
        problems.append(Problem(1, "too-large", f"{len(source.text)} characters", f"at most {FILE_CHARS_MAX}"))
        return Document(source.path, YamlText({}), problems)
    yaml = read_yaml(source.text, problems)
    if not isinstance(yaml.value, dict) and not problems:
        found = "an empty file" if yaml.value is None else shown(str(yaml.value))
        problems.append(Problem(1, "invalid-shape", found, f"a mapping of {', '.join(SECTIONS)}"))
    return Document(source.path, yaml if isinstance(yaml.value, dict) else YamlText({}), problems)


def _sections(files: Sequence[Document]) -> dict[str, list[Piece]]:
    """The pieces of each section, in the order of the files."""
    found: dict[str, list[Piece]] = {name: [] for name in SECTIONS}
    for one in files:
        for name, piece in Piece(one.yaml.value, one).members(SECTIONS).items():
            if name in found:
                found[name].append(piece)
    return found


@dataclass(frozen=True)
class _Reader:
    """`first` is told what no piece could be told: that a section is missing."""

    sections: dict[str, list[Piece]]
    first: Document
    is_zone: IsZone

    def read(self) -> RiskPolicy:
        roles = {name: self._levels_of(name, piece) for name, piece in self._entries("roles")}
        levels = self._levels(roles)
        triggers = {name: (read_level_name(piece), piece) for name, piece in self._entries("triggers")}
        operations, severities = self._words("operations"), self._words("severities")
        named = {name: level for name, (level, _) in triggers.items()}
        reader = RuleReader(named, operations, severities, dict(FIELDS), set(), set())
        pieces = [piece for section in self.sections["rules"] for piece in section.items()]
        rules = tuple(map(reader.read, pieces))
        _check_names(rules, pieces, {name: piece for name, (_, piece) in triggers.items()})
        for name in sorted(reader.dead_triggers - reader.live_triggers):
            triggers[name][1].refuse("trigger-never-fires", f"the trigger {name}", "a rule for it that some task meets")
        return RiskPolicy(
            levels=levels,
            rules=rules,
            triggers=named,
            roles=roles,
            operations=operations,
            severities=severities,
            unknown_operation=self._unknown("unknown_operation"),
            unknown_severity=self._unknown("unknown_severity"),
            kinds=reader.kinds,
        )

    def _entries(self, section: str) -> Iterator[tuple[str, Piece]]:
        """The members of a section, from whichever file, each name once."""
        seen: dict[str, Piece] = {}
        for whole in self.sections[section]:
            for name, piece in whole.members().items():
                check_name(name, piece)
                if name in seen:
                    piece.refuse("duplicate-name", f"{name} again, after {seen[name].where}", "each name once")
                else:
                    seen[name] = piece
                    yield name, piece

    def _levels(self, roles: dict[str, tuple[str, ...]]) -> dict[str, Level]:
        entries = dict(self._entries("risk_levels"))
        for name, piece in entries.items():
            if name not in RISK_LEVELS:
                piece.refuse("unknown-level", f"the level {shown(name)}", f"one of {', '.join(RISK_LEVELS)}")
        last = self.sections["risk_levels"][-1] if self.sections["risk_levels"] else Piece({}, self.first)
        for name in RISK_LEVELS:
            if name not in entries:
                last.refuse("missing-level", f"no level {name}", f"all of {', '.join(RISK_LEVELS)}")
        return {name: read_level(name, entries[name], roles, self.is_zone) for name in RISK_LEVELS if name in entries}

    def _levels_of(self, role: str, piece: Piece) -> tuple[str, ...]:
        return read_names({role: piece}, role, RISK_LEVELS, "level")

    def _words(self, section: str) -> frozenset[str]:
        words: set[str] = set()
        for piece in (one for whole in self.sections[section] for one in whole.items()):
            word = piece.value if isinstance(piece.value, str) else ""
            if word in words:
                piece.refuse("duplicate-name", f"{shown(word)} again", "each name once")
            check_name(word, piece)
            words.add(word)
        return frozenset(words)

    def _unknown(self, section: str) -> str:
        """What an operation or severity that is not known is taken for: medium, unless a file says otherwise."""
        pieces = self.sections[section]
        for piece in pieces[1:]:
            piece.refuse("duplicate-name", f"{section} again, after {pieces[0].where}", "each name once")
        return read_level_name(pieces[0]) if pieces else "medium"


def _check_names(rules: Sequence[Rule], pieces: Sequence[Piece], triggers: Mapping[str, Piece]) -> None:
    """A reason names a rule or a trigger, so that no two of them may share a name."""
    seen = {name: piece.where for name, piece in triggers.items()}
    seen |= dict.fromkeys((*RISK_LEVELS, UNKNOWN_OPERATION, UNKNOWN_SEVERITY), "what is named so already")
    for rule, piece in zip(rules, pieces, strict=True):
        if rule.name in seen and NAME.fullmatch(rule.name):
            piece.refuse("duplicate-name", f"{rule.name} again, after {seen[rule.name]}", "each name once")
        seen.setdefault(rule.name, rule.where)
