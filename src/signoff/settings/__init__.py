"""What can be set, where each value came from, and what is wrong with a value that cannot be taken.

`SETTINGS` is the one table: flags, environment names, keys of `signoff.yaml` and the reference are all made from it.
A flag goes before the environment (a setting's own name before its aliases), that before `signoff.yaml`, that before
the default. An environment value that is empty, and a key without a value, count as not set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signoff.errors import InvalidInputError, SettingsError
from signoff.plans.spec.gate_names import GATES
from signoff.settings.kind import FOLDER_OF_FILE, TOKEN
from signoff.settings.primary_checkout import primary_checkout
from signoff.settings.table import HIDDEN, NOT_SET, SETTINGS, Alias, Setting, mask_url
from signoff.settings.token_file import check_private

__all__ = [
    "CONFIG_ENV",
    "CONFIG_FILE",
    "CONFIG_FLAG",
    "HIDDEN",
    "NOT_SET",
    "SETTINGS",
    "Setting",
    "Settings",
    "Source",
    "load",
    "mask_url",
]

CONFIG_FILE = "signoff.yaml"
CONFIG_ENV = "SIGNOFF_CONFIG"
CONFIG_FLAG = "--config"

FOUND_CHARS_MAX = 200

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_GROUPS = {setting.name.partition(".")[0] for setting in SETTINGS if "." in setting.name}


@dataclass(frozen=True)
class Source:
    """A value as people may see it, and its origin: `flag --port`, `environment PORT`, `signoff.yaml:3`, `default`."""

    name: str
    value: str
    origin: str


# Nobody compares two of them, and what would is made of all fields each time that a process starts.
@dataclass(frozen=True, eq=False)
class Settings:
    """Every setting's value. `_s` are seconds; `_bytes_max` bytes; None means not set. `gates` has a mode for each gate
    that one is set for."""

    dir: Path
    database_url: str | None = field(repr=False)
    url: str | None = field(repr=False)
    token: str | None = field(repr=False)
    token_file: Path | None
    actor: str
    host: str
    port: int
    admin_port: int | None
    agent: str
    agent_command: tuple[str, ...] | None
    replay_dir: Path | None
    agent_timeout_s: int
    agent_output_bytes_max: int
    sandbox: str
    sandbox_output_bytes_max: int
    command_timeout_s: int
    partitioning: bool
    app_version: str
    concurrency: int
    sandbox_concurrency: int
    migrate: bool
    dev: bool
    plan_approval_timeout_s: int
    tier_defaults: Path | None
    gates: Mapping[str, str]
    policy_dir: Path | None
    callbacks_allow: tuple[str, ...]
    callbacks_secret: str | None = field(repr=False)
    ingress_secret: str | None = field(repr=False)
    ingress_actor: str
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None = field(repr=False)
    oidc_claim: str
    notify_file: Path
    public_url: str | None = field(repr=False)
    missions_dir: Path | None
    mission_guard: str
    sync_url: str | None = field(repr=False)
    sync_token: str | None = field(repr=False)
    tracing: bool
    log_format: str
    sources: tuple[Source, ...]


def load(flags: Mapping[str, Any], environ: Mapping[str, str], *, cwd: Path) -> Settings:
    """Find every setting's value.

    Args:
        flags: by attribute name (`database_url`), and `config`; texts as typed or values already read. None, and an
            empty tuple, count as not given.
        environ: the process environment.
        cwd: where relative paths that were typed start. `signoff.yaml` is looked for here as well, and other relative
            paths start here (those of FOLDER_OF_FILE at their file); in a linked worktree of git that is done in the
            primary checkout.

    Raises:
        InvalidInputError: (`invalid-setting`) a flag or variable cannot be taken. (`token-file-exposed`) the file holds
        a token, and others can read it.
        SettingsError: the file cannot be read, or something in it cannot be taken; every problem is named.
    """
    unknown = flags.keys() - {setting.attribute for setting in SETTINGS if setting.flag} - {"config"}
    if unknown:
        raise TypeError(f"no setting has a flag for {sorted(unknown)}")
    home = primary_checkout(cwd) or cwd
    label = _config_label(flags, environ, cwd, home)
    in_file = _read_file(flags, environ, cwd / label, label)
    values, sources = {}, []
    for setting in SETTINGS:
        value, origin = _choose(setting, flags, environ, in_file)
        if setting.kind is FOLDER_OF_FILE and origin == "default" and value is not None:
            # Beside the settings file, wherever that is: what is kept with it is found with it.
            value = Path(label).parent / value
        if isinstance(value, Path):
            value = ((cwd if setting.kind is FOLDER_OF_FILE or _is_typed(origin) else home) / value).resolve()
        values[setting.attribute] = value
        sources.append(Source(setting.name, setting.shown(value), origin))
    modes = {code: values.pop(f"gates_{code}") for code in GATES}
    gates = {code: mode for code, mode in modes.items() if mode is not None}
    return Settings(**values, gates=gates, sources=tuple(sources))


def _choose(
    setting: Setting, flags: Mapping[str, Any], environ: Mapping[str, str], in_file: Mapping[str, tuple[Any, str]]
) -> tuple[Any, str]:
    """The value that goes before all others, and its origin. Those that it overrides are not looked at."""
    given = flags.get(setting.attribute)
    if given is not None and given != ():
        flag = f"{(given is False and setting.off_flag) or setting.flag}"
        return _typed(setting, given, flag), f"flag {flag}"
    own = () if setting.env is None else (Alias(setting.env),)
    for alias in (*own, *setting.aliases):
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


def _read_file(
    flags: Mapping[str, Any], environ: Mapping[str, str], path: Path, label: str
) -> dict[str, tuple[Any, str]]:
    """The values in the file by setting, each with its origin; nothing where there is no file."""
    try:
        with path.open(encoding="utf-8") as file:
            taken = _take(*_parse(file.read(), label), label)
            if any(_BY_NAME[name].kind is TOKEN for name in taken):
                check_private(label, file.fileno())
            return taken
    except FileNotFoundError:
        if not _named_file(flags, environ):
            return {}
        by = CONFIG_FLAG if flags.get("config") else CONFIG_ENV
        raise SettingsError(f"there is no such file; {by} names it.", path=label) from None
    except OSError as error:
        raise SettingsError(f"it cannot be read: {error.strerror}.", path=label) from None
    except UnicodeDecodeError:
        raise SettingsError("it is not UTF-8.", path=label, line=1) from None


def _is_typed(origin: str) -> bool:
    return origin.startswith(("flag ", "environment "))


def _named_file(flags: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    return flags.get("config") or environ.get(CONFIG_ENV)


def _config_label(flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path, home: Path) -> str:
    """What the file is called: its path, from `cwd` on where that is its folder."""
    return str(_named_file(flags, environ) or (CONFIG_FILE if home == cwd else home / CONFIG_FILE))


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
        elif setting.is_environment_only:
            problems.append((line, f"{name} may not stand in a file; it is taken from {setting.env}."))
        elif value is not None:
            try:
                checked = setting.kind.check(value)
                checked = Path(label).parent / checked if setting.kind is FOLDER_OF_FILE else checked
                taken[name] = checked, label if line is None else f"{label}:{line}"
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
