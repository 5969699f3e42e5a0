"""`notify.yaml` to channels and routes. Whatever is wrong is found in one pass and told at once, with its lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signoff.app.find import DOORS
from signoff.app.notify_gate import EVENTS
from signoff.app.route_notice import OUTSIDE, Route, Target
from signoff.documents.piece import Document, Piece, check_name, read_count, read_names, read_text
from signoff.documents.problem import Problem, all_at_once, shown
from signoff.documents.yaml_text import read_yaml
from signoff.errors import InvalidInputError, NotifyFileError
from signoff.gates.gate import RISK_LEVELS
from signoff.gates.principal import check_principal_name
from signoff.gates.requirement import is_role
from signoff.notify.kinds import KINDS, WEBHOOK, Value
from signoff.notify.secrets import REFERENCE, Secrets

FILE_CHARS_MAX = 200_000
ROUTES_MAX, TARGETS_MAX = 200, 500
ATTEMPTS, ATTEMPTS_MAX = 16, 50
SECTIONS = ("channels", "routes", "people", "templates", "attempts")

_ROUTE = ("to", "events", "risk_levels", "roles", "doors")


@dataclass(frozen=True)
class ChannelSpec:
    """A channel as the file says it. `values` are as they stand there, names in the place of secrets."""

    kind: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class NotifyFile:
    """`people`: whose each target is, by the principal's name, where that is one person's alone."""

    path: str
    channels: Mapping[str, ChannelSpec] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    people: Mapping[Target, str] = field(default_factory=dict)
    templates: Path | None = None
    attempts_max: int = ATTEMPTS


@dataclass(frozen=True)
class Reach:
    """What there is where the file is used: the roles in which somebody can be asked, and which URLs may be called."""

    roles: Collection[str]
    may_call: Callable[[str], bool]


def read_notify(text: str, *, path: str, folder: Path, secrets: Secrets, reach: Reach | None = None) -> NotifyFile:
    """
    Args:
        path: what messages call the file.
        folder: where the path of `templates` starts.
        reach: where it is known, what never reaches anybody is a problem too.

    Raises:
        NotifyFileError: with every problem. A variable that is named and has no value is one.
    """
    problems: list[Problem] = []
    yaml = read_yaml(text[:FILE_CHARS_MAX], problems)
    if len(text) > FILE_CHARS_MAX:
        problems[:] = [Problem(1, "too-large", f"{len(text)} characters", f"at most {FILE_CHARS_MAX}")]
    elif not isinstance(yaml.value, dict) and not problems:
        found = "an empty file" if yaml.value is None else shown(str(yaml.value))
        problems.append(Problem(1, "invalid-shape", found, f"a mapping of {', '.join(SECTIONS)}"))
    if not problems:
        file = _Reader(Document(path, yaml, problems), folder, secrets, reach).read()
    if problems:
        raise all_at_once(NotifyFileError, {path: problems})
    return file


def _is_name(text: str) -> bool:
    try:
        return check_principal_name(text) == text
    except InvalidInputError:
        return False


@dataclass(frozen=True)
class _Reader:
    file: Document
    folder: Path
    secrets: Secrets
    reach: Reach | None

    def read(self) -> NotifyFile:
        pieces = Piece(self.file.yaml.value, self.file).members(SECTIONS)
        channels = dict(self._channels(pieces["channels"])) if "channels" in pieces else {}
        routes = tuple(self._routes(pieces["routes"], channels)) if "routes" in pieces else ()
        people = dict(self._people(pieces["people"], channels, routes)) if "people" in pieces else {}
        attempts = read_count(pieces, "attempts", ATTEMPTS_MAX) if "attempts" in pieces else ATTEMPTS
        return NotifyFile(self.file.path, channels, routes, people, self._templates(pieces), attempts)

    def _channels(self, section: Piece) -> Iterator[tuple[str, ChannelSpec]]:
        for name, piece in section.members().items():
            check_name(name, piece)
            members = piece.members()
            kind = members["kind"].value if "kind" in members else None
            if not isinstance(kind, str) or kind not in KINDS:
                found = "a channel without a kind" if kind is None else f"the kind {shown(str(kind))}"
                piece.refuse("unknown-kind", found, f"kind: one of {', '.join(KINDS)}")
                # It is there: what routes say of it is not wrong too.
                yield name, ChannelSpec("", {})
            else:
                yield name, self._channel(kind, piece)

    def _channel(self, kind: str, piece: Piece) -> ChannelSpec:
        known = KINDS[kind]
        members = piece.members(("kind", *known.values))
        count = len(self.file.problems)
        values = {name: self._value(name, value, members.get(name), piece) for name, value in known.values.items()}
        wrong = known.problem({name: self.secrets.reveal(text) for name, text in values.items()})
        if wrong is not None and len(self.file.problems) == count:
            piece.refuse("invalid-channel", *wrong)
        return ChannelSpec(kind, values)

    def _value(self, name: str, value: Value, piece: Piece | None, channel: Piece) -> str:
        if piece is not None:
            return self._text(name, value, piece)
        if not value.default and not value.is_optional:
            channel.refuse("missing-key", f"no {name}", f"{name}: {value.takes}")
        return value.default

    def _text(self, name: str, value: Value, piece: Piece) -> str:
        """A text as it stands in the file, once it is known that it can be used."""
        is_number = isinstance(piece.value, int) and not isinstance(piece.value, bool)
        text = str(piece.value) if is_number or isinstance(piece.value, str) else ""
        if value.is_secret and not REFERENCE.fullmatch(text):
            # What stands there may be the secret: it is not quoted.
            piece.refuse("secret-in-file", f"{name} that names no variable", value.takes)
        elif missing := self.secrets.missing(text):
            names = ", ".join(missing)
            piece.refuse("missing-variable", f"{name} from {names}, which has no value", "a value in the environment")
        elif not value.is_fit(self.secrets.reveal(text)):
            piece.refuse("invalid-value", f"{name} {shown(str(piece.value))}", value.takes)
        return text

    def _routes(self, section: Piece, channels: Mapping[str, ChannelSpec]) -> Iterator[Route]:
        pieces = section.items()
        if len(pieces) > ROUTES_MAX:
            section.refuse("too-many", f"{len(pieces)} routes", f"at most {ROUTES_MAX}")
        for piece in pieces[:ROUTES_MAX]:
            members = piece.members(_ROUTE)
            targets = tuple(self._targets(members["to"], channels)) if "to" in members else ()
            if not targets:
                piece.refuse("route-to-nobody", "a route to nobody", "to: a mapping of channels to targets")
            yield Route(
                targets,
                events=read_names(members, "events", EVENTS, "event"),
                risk_levels=read_names(members, "risk_levels", RISK_LEVELS, "level"),
                roles=tuple(self._roles(members)),
                doors=read_names(members, "doors", (*DOORS, OUTSIDE), "door"),
            )

    def _targets(self, piece: Piece, channels: Mapping[str, ChannelSpec]) -> Iterator[Target]:
        for name, given in piece.members().items():
            if name not in channels:
                given.refuse("unknown-channel", f"the channel {shown(name)}", f"one of {', '.join(channels) or 'none'}")
            ones = given.items() if isinstance(given.value, list) else [given]
            if len(ones) > TARGETS_MAX:
                given.refuse("too-many", f"{len(ones)} targets", f"at most {TARGETS_MAX}")
            kind = KINDS.get(channels[name].kind) if name in channels else None
            for one in ones[:TARGETS_MAX]:
                target = Target(name, str(one.value) if kind is None else self._text("the target", kind.target, one))
                if kind is KINDS[WEBHOOK]:
                    self._check_url(target.name, one)
                yield target

    def _check_url(self, text: str, piece: Piece) -> None:
        if self.reach is None or self.secrets.missing(text) or self.reach.may_call(self.secrets.reveal(text)):
            return
        expected = "one that the setting callbacks.allow names (on loopback any, until there is a token)"
        piece.refuse("callback-not-allowed", f"the URL {shown(text)}, which no worker calls", expected)

    def _people(
        self, section: Piece, channels: Mapping[str, ChannelSpec], routes: Sequence[Route]
    ) -> Iterator[tuple[Target, str]]:
        told = {target for route in routes for target in route.targets}
        for channel, pieces in section.members().items():
            if channel not in channels:
                pieces.refuse("unknown-channel", f"the channel {shown(channel)}", f"one of {', '.join(channels)}")
            for name, piece in pieces.members().items():
                if channel in channels and Target(channel, name) not in told:
                    piece.refuse("unknown-target", f"the target {shown(name)}", "one that a route tells")
                if not isinstance(piece.value, str) or not _is_name(piece.value):
                    piece.refuse("invalid-value", f"the person {shown(str(piece.value))}", "a principal's name")
                yield Target(channel, name), str(piece.value)

    def _roles(self, members: Mapping[str, Piece]) -> Iterator[str]:
        if "roles" in members:
            whole = members["roles"]
            for piece in whole.items() if isinstance(whole.value, list) else [whole]:
                if not is_role(piece.value):
                    piece.refuse("invalid-value", f"the role {shown(str(piece.value))}", "the name of a role")
                elif self.reach is not None and piece.value not in self.reach.roles:
                    known = ", ".join(sorted(self.reach.roles))
                    piece.refuse(
                        "unknown-role",
                        f"the role {shown(piece.value)}, which nobody is asked in",
                        f"one of the policy or of a principal: {known}",
                    )
                yield str(piece.value)

    def _templates(self, pieces: Mapping[str, Piece]) -> Path | None:
        if "templates" not in pieces:
            return None
        folder = self.folder / read_text(pieces, "templates", ".")
        if not folder.is_dir():
            pieces["templates"].refuse("no-such-folder", f"templates {shown(str(folder))}", "a folder")
        return folder
