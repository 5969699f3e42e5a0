"""What can be set, where each value came from, and what is wrong with a value that cannot be taken.

`SETTINGS` is the one table: flags, environment names, keys of `signoff.yaml` and the reference are all made from it.
A flag goes before the environment (a setting's own name before its aliases), that before `signoff.yaml`, that before
the default. An environment value that is empty, and a key without a value, count as not set.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from signoff.errors import InvalidInputError, SettingsError

CONFIG_FILE = "signoff.yaml"
CONFIG_ENV = "SIGNOFF_CONFIG"
CONFIG_FLAG = "--config"

HIDDEN = "***"
NOT_SET = "not set"
FOUND_CHARS_MAX = 200

_MIB = 1024 * 1024
_USER_PASSWORD = re.compile(r"(://[^@:]*:).*@", re.DOTALL)
_NAMED_PASSWORD = re.compile(r"(password\s*=\s*)(?:'(?:\\.|[^'\\])*'|(?:\\.|[^&\s\\])*)", re.IGNORECASE)
_ON = frozenset({"true", "1", "yes", "on"})
_OFF = frozenset({"false", "0", "no", "off"})


def mask_url(url: str) -> str:
    """The URL (or libpq connection string) with its passwords as `***`.

    It also takes what is not a URL at all: a password may contain anything, so rather too much is masked.
    """
    return _NAMED_PASSWORD.sub(rf"\1{HIDDEN}", _USER_PASSWORD.sub(rf"\1{HIDDEN}@", url))


@dataclass(frozen=True)
class Kind:
    """What a value may be. `read` turns the text of a flag or variable into what YAML would have held; `check` turns
    that into the setting's value. Both raise ValueError, which then becomes a sentence made of `accepts`.
    """

    accepts: str
    check: Callable[[Any], Any]
    read: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    is_switch: bool = False


@dataclass(frozen=True)
class Alias:
    """Another environment name that is understood; `means` translates its values where they differ."""

    env: str
    means: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """One row of the table. `name` is the path in `signoff.yaml`, a dot leading into a mapping."""

    name: str
    kind: Kind
    default: Any
    help: str
    aliases: tuple[Alias, ...] = ()
    secret: bool = False

    @property
    def attribute(self) -> str:
        """The name in `Settings` and in the flags given to `load`."""
        return self.name.replace(".", "_")

    @property
    def env(self) -> str:
        return f"SIGNOFF_{self.attribute.upper()}"

    @property
    def flag(self) -> str | None:
        """None for a secret: other users of a machine can read command lines."""
        return None if self.secret else "--" + self.attribute.replace("_", "-")

    @property
    def off_flag(self) -> str | None:
        """The flag that says no, where `flag` takes no value."""
        return "--no-" + self.attribute.replace("_", "-") if self.kind.is_switch else None

    def shown(self, value: Any) -> str:
        """A value of this setting as people may see it."""
        if value is None or value == ():
            return NOT_SET
        if self.secret:
            return HIDDEN
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, tuple):
            return shlex.join(value) if self.kind is _COMMAND else ",".join(value)
        return mask_url(str(value))


@dataclass(frozen=True)
class Source:
    """A value as people may see it, and its origin: `flag --port`, `environment PORT`, `signoff.yaml:3`, `default`."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class Settings:
    """Every setting's value. `_s` are seconds; `_bytes_max` bytes; None means not set."""

    dir: Path
    database_url: str | None = field(repr=False)
    url: str | None = field(repr=False)
    token: str | None = field(repr=False)
    host: str
    port: int
    admin_port: int | None
    agent: str
    agent_command: tuple[str, ...] | None
    agent_timeout_s: int
    agent_output_bytes_max: int
    sandbox: str
    sandbox_output_bytes_max: int
    partitioning: bool
    app_version: str
    concurrency: int
    sandbox_concurrency: int
    migrate: bool
    plan_approval_timeout_s: int
    callbacks_allow: tuple[str, ...]
    callbacks_secret: str | None = field(repr=False)
    log_format: str
    sources: tuple[Source, ...]


def load(flags: Mapping[str, Any], environ: Mapping[str, str], *, cwd: Path) -> Settings:
    """Find every setting's value.

    Args:
        flags: by attribute name (`database_url`), and `config`; texts as typed or values already read. None, and an
            empty tuple, count as not given.
        environ: the process environment.
        cwd: where `signoff.yaml` is looked for; relative paths start here.

    Raises:
        InvalidInputError: (`invalid-setting`) a flag or variable cannot be taken.
        SettingsError: the file cannot be read, or something in it cannot be taken; every problem is named.
    """
    unknown = flags.keys() - {setting.attribute for setting in SETTINGS if setting.flag} - {"config"}
    if unknown:
        raise TypeError(f"no setting has a flag for {sorted(unknown)}")
    in_file = _read_file(flags, environ, cwd)
    values, sources = {}, []
    for setting in SETTINGS:
        value, origin = _choose(setting, flags, environ, in_file)
        if isinstance(value, Path):
            value = (cwd / value).resolve()
        values[setting.attribute] = value
        sources.append(Source(setting.name, setting.shown(value), origin))
    return Settings(**values, sources=tuple(sources))


def _choose(
    setting: Setting, flags: Mapping[str, Any], environ: Mapping[str, str], in_file: Mapping[str, tuple[Any, str]]
) -> tuple[Any, str]:
    """The value that goes before all others, and its origin. Those that it overrides are not looked at."""
    given = flags.get(setting.attribute)
    if given is not None and given != ():
        flag = f"{(given is False and setting.off_flag) or setting.flag}"
        return _typed(setting, given, flag), f"flag {flag}"
    for alias in (Alias(setting.env), *setting.aliases):
        if text := environ.get(alias.env):
            return _typed(setting, text, alias.env, alias.means), f"environment {alias.env}"
    return in_file.get(setting.name, (setting.default, "default"))


def _typed(setting: Setting, given: Any, called: str, means: Mapping[str, str] | None = None) -> Any:
    accepts = " or ".join(means) if means else setting.kind.accepts
    try:
        plain = means[given] if means else setting.kind.read(given) if isinstance(given, str) else given
        return setting.kind.check(plain)
    except (ValueError, KeyError):
        raise InvalidInputError(
            _misfit(setting, called, accepts, given),
            code="invalid-setting",
            details={"setting": setting.name, "origin": called, "accepts": accepts},
        ) from None


def _misfit(setting: Setting, called: str, accepts: str, found: Any) -> str:
    return f"{called} must be {accepts}; found {HIDDEN if setting.secret else _abridged(found)}."


def _abridged(found: Any) -> str:
    # Masked before it is quoted: quoting would hide a password's own quotes from the mask.
    text = repr(mask_url(found)) if isinstance(found, str) else mask_url(repr(found))
    return text if len(text) <= FOUND_CHARS_MAX else text[:FOUND_CHARS_MAX] + "..."


# signoff.yaml


def _read_file(flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path) -> dict[str, tuple[Any, str]]:
    """The values in the file by setting, each with its origin; nothing where there is no file."""
    named = flags.get("config") or environ.get(CONFIG_ENV)
    label = str(named or CONFIG_FILE)
    try:
        text = (cwd / label).read_text("utf-8")
    except FileNotFoundError:
        if not named:
            return {}
        by = CONFIG_FLAG if flags.get("config") else CONFIG_ENV
        raise SettingsError(f"there is no such file; {by} names it.", path=label) from None
    except OSError as error:
        raise SettingsError(f"it cannot be read: {error.strerror}.", path=label) from None
    except UnicodeDecodeError:
        raise SettingsError("it is not UTF-8.", path=label, line=1) from None
    return _take(*_parse(text, label), label)


def _parse(text: str, label: str) -> tuple[Mapping[Any, Any], Mapping[str, int]]:
    """The document, and the line of each of its keys by dotted name."""
    # Imported here: most commands run where there is no file, and should not wait for it.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        node, document = yaml.compose(text), yaml.load(text)
    except (YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise SettingsError(_unparsable(error), path=label, line=mark.line + 1 if mark else 1) from None
    if document is None:
        return {}, {}
    if not isinstance(document, dict):
        raise SettingsError(f"it must be a mapping of settings; found {_abridged(document)}.", path=label, line=1)
    return document, dict(_lines(node))


def _unparsable(error: Exception) -> str:
    from ruamel.yaml.parser import ParserError
    from ruamel.yaml.scanner import ScannerError

    if isinstance(error, ParserError | ScannerError):
        return f"it is not YAML: {error.problem}."
    # The other errors quote values, which may be secrets.
    return "it is not YAML that can be taken: a repeated key, or a character, tag or alias that is not accepted."


def _lines(mapping: Any, prefix: str = "") -> Iterator[tuple[str, int]]:
    for key, value in mapping.value:
        name = f"{prefix}{key.value}"
        yield name, key.start_mark.line + 1
        if name in _GROUPS and value.id == "mapping":
            yield from _lines(value, f"{name}.")


def _leaves(mapping: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in mapping.items():
        name = f"{prefix}{key}"
        if name in _GROUPS and isinstance(value, dict | None):
            yield from _leaves(value or {}, f"{name}.")
        else:
            yield name, value


def _take(document: Mapping[Any, Any], lines: Mapping[str, int], label: str) -> dict[str, tuple[Any, str]]:
    taken: dict[str, tuple[Any, str]] = {}
    problems: list[tuple[int | None, str]] = []
    for name, value in _leaves(document):
        line = lines.get(name)  # None for a key that was merged in with <<
        setting = _BY_NAME.get(name)
        if setting is None:
            problems.append((line, _unknown(name)))
        elif value is not None:
            try:
                taken[name] = setting.kind.check(value), label if line is None else f"{label}:{line}"
            except ValueError:
                problems.append((line, _misfit(setting, name, setting.kind.accepts, value)))
    if problems:
        raise _all_at_once(problems, label)
    return taken


def _unknown(name: str) -> str:
    """Without the value, which may be a secret under a misspelt name."""
    from difflib import get_close_matches  # only needed when something is wrong

    if name in _GROUPS:
        members = [known.removeprefix(f"{name}.") for known in _BY_NAME if known.startswith(f"{name}.")]
        return f"{name} must be a mapping of {', '.join(members)}."
    near = get_close_matches(name, _BY_NAME, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"accepted are {', '.join(_BY_NAME)}."
    return f"there is no setting {name!r}; {hint}"


def _all_at_once(problems: list[tuple[int | None, str]], label: str) -> SettingsError:
    ordered = sorted(problems, key=lambda problem: problem[0] or 0)
    first_line, first = ordered[0]
    more = [str(SettingsError(message, path=label, line=line)) for line, message in ordered[1:]]
    return SettingsError("\n".join([first, *more]), path=label, line=first_line)


# The kinds and the table


def _integer(low: int, high: int) -> Kind:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"an integer from {low} to {high}", check, _to_int)


def _to_int(text: str) -> int:
    if re.fullmatch(r"-?[0-9]{1,18}", text) is None:
        raise ValueError
    return int(text)


def _one_of(*choices: str) -> Kind:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError
        return value

    return Kind(" or ".join(choices), check, choices=choices)


def _to_bool(text: str) -> bool:
    if text.lower() not in _ON | _OFF:
        raise ValueError
    return text.lower() in _ON


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError
    return value


def _folder(value: Any) -> Path:
    return Path(_text(str(value) if isinstance(value, Path) else value))


def _command(value: Any) -> tuple[str, ...]:
    words = tuple(shlex.split(_text(value)))
    if not words[0]:
        raise ValueError
    return words


def _postgres_url(value: Any) -> str:
    if " " in _text(value) or not value.startswith(("postgresql://", "postgres://")):
        raise ValueError
    return str(value)


def _http_url(value: Any) -> str:
    parts = urlsplit(_text(value))
    if " " in value or parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    return str(value)


def _url_prefix(value: Any) -> str:
    parts = urlsplit(_http_url(value))
    if "?" in value or "#" in value or "@" in parts.netloc:
        raise ValueError
    # Closed with a slash, or `https://ci.example` would also let `https://ci.example.net` and `ci.example@...` through.
    return str(value) if parts.path else f"{value}/"


def _url_prefixes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError
    return tuple(_url_prefix(prefix) for prefix in value)


_TEXT = Kind("one line of text", _text)
_SWITCH = Kind("true or false", _bool, _to_bool, is_switch=True)
_FOLDER = Kind("a path", _folder)
_COMMAND = Kind("a command line, quoted as in a shell", _command)
_PORT = _integer(0, 65_535)
_SECONDS = _integer(1, 2_592_000)
_BYTES = _integer(1, 1024 * _MIB)
_LEGS = _integer(1, 1_000)
_HTTP_URL = Kind("a URL that begins with http:// or https://", _http_url)
_POSTGRES_URL = Kind(
    "a URL that begins with postgresql:// or postgres:// (leave it out for the embedded SQLite)", _postgres_url
)
_URL_PREFIXES = Kind(
    "a list of beginnings of http:// or https:// URLs, without user, query and fragment",
    _url_prefixes,
    lambda text: [prefix.strip() for prefix in text.split(",")],
)

SETTINGS: tuple[Setting, ...] = (
    Setting("dir", _FOLDER, Path(".signoff"), "Where the embedded ledger, keys and scratch files are kept."),
    Setting("database_url", _POSTGRES_URL, None, "The Postgres database; embedded SQLite in the directory without it."),
    Setting("url", _HTTP_URL, None, "A server to speak to in place of the local ledger."),
    Setting("token", _TEXT, None, "The token that signs the caller in at the server.", secret=True),
    Setting("host", _TEXT, "127.0.0.1", "The address that the server listens on."),
    Setting("port", _PORT, 8700, "The port that the server listens on; 0 takes a free one.", (Alias("PORT"),)),
    Setting("admin_port", _PORT, None, "The port of the worker's health endpoint, if any.", (Alias("ADMIN_PORT"),)),
    Setting(
        "agent",
        _one_of("replay", "command"),
        "replay",
        "Who turns a goal into a plan: recorded outputs, or the program in agent_command.",
        (Alias("OC_MODE", {"replay": "replay", "live": "command"}),),
    ),
    Setting("agent_command", _COMMAND, None, "The agent's program: the prompt on stdin, the plan as JSON on stdout."),
    Setting("agent_timeout_s", _SECONDS, 600, "How many seconds the agent's program may take."),
    Setting("agent_output_bytes_max", _BYTES, _MIB, "How many bytes the agent's program may write."),
    Setting(
        "sandbox",
        _one_of("mock", "local"),
        "mock",
        "Where tasks run: nowhere, with recorded results, or in a confined process on this machine.",
        (Alias("SBX_MODE", {"mock": "mock", "live": "local"}),),
    ),
    Setting("sandbox_output_bytes_max", _BYTES, _MIB, "How many bytes a task may write."),
    Setting(
        "partitioning",
        _SWITCH,
        True,
        "Whether a run must name a queue partition, which its legs and tasks then carry.",
        (Alias("SBX_QUEUE_PARTITION"),),
    ),
    Setting(
        "app_version",
        _TEXT,
        "signoff",
        "The version under which the engine records legs; only workers of the same one run them.",
        (Alias("DBOS__APPVERSION"),),
    ),
    Setting("concurrency", _LEGS, 10, "How many legs a worker runs at once."),
    Setting("sandbox_concurrency", _LEGS, 10, "How many sandboxed tasks a worker runs at once."),
    Setting("migrate", _SWITCH, False, "Whether api and worker bring an older schema up to date when they start."),
    Setting("plan_approval_timeout_s", _SECONDS, 86_400, "How many seconds a plan waits for its approval."),
    Setting("callbacks.allow", _URL_PREFIXES, (), "How the callback URLs that a gate may name must begin."),
    Setting("callbacks.secret", _TEXT, None, "The key that callbacks are signed with.", secret=True),
    Setting("log_format", _one_of("text", "json", "auto"), "auto", "How to log; auto: text on a terminal, else JSON."),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_GROUPS = {setting.name.partition(".")[0] for setting in SETTINGS if "." in setting.name}
