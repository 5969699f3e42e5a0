"""Settings: where each value comes from, and what is said of values that cannot be taken."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from signoff.errors import InvalidInputError, SettingsError
from signoff.settings import CONFIG_FILE, SETTINGS, Setting, Settings, load, mask_url

MIB = 1024 * 1024


@dataclass(frozen=True)
class Promise:
    """One setting as the documentation promises it: a text for the flag and the variable, a value in YAML."""

    default: Any
    flag: str | None
    by_flag: tuple[str, Any]
    by_env: tuple[str, Any] | None
    by_yaml: tuple[str, Any] | None
    aliases: tuple[tuple[str, str, Any], ...] = ()


def number(flag: str, default: int | None, alias: str | None = None) -> Promise:
    aliases = ((alias, "44", 44),) if alias else ()
    return Promise(default, flag, ("11", 11), ("22", 22), ("33", 33), aliases)


def text(flag: str | None, default: str | None, alias: str | None = None) -> Promise:
    aliases = ((alias, "four", "four"),) if alias else ()
    return Promise(default, flag, ("one", "one"), ("two", "two"), ("three", "three"), aliases)


def in_file(value: str) -> Promise:
    return Promise(None, None, (value, value), None, (value, value))


def url(flag: str, scheme: str) -> Promise:
    one, two, three = (f"{scheme}://{host}/x" for host in ("a", "b", "c"))
    return Promise(None, flag, (one, one), (two, two), (three, three))


PROMISES = {
    "dir": Promise(Path(".signoff"), "--dir", ("a", Path("a")), ("/b", Path("/b")), ("../c", Path("../c"))),
    "database_url": url("--database-url", "postgresql"),
    "url": url("--url", "https"),
    "token": text(None, None),
    "token_file": Promise(None, "--token-file", ("a", Path("a")), ("/b", Path("/b")), ("../c", Path("../c"))),
    "actor": Promise("os", "--actor", ("git", "git"), ("os", "os"), ("git", "git")),
    "host": text("--host", "127.0.0.1"),
    "port": number("--port", 8700, "PORT"),
    "admin_port": number("--admin-port", None, "ADMIN_PORT"),
    "agent": Promise(
        "replay",
        "--agent",
        ("command", "command"),
        ("replay", "replay"),
        ("command", "command"),
        (("OC_MODE", "live", "command"), ("OC_MODE", "replay", "replay")),
    ),
    "agent_command": Promise(
        None, "--agent-command", ("a 'b c'", ("a", "b c")), ("d", ("d",)), ("e --f", ("e", "--f"))
    ),
    "replay_dir": Promise(None, "--replay-dir", ("a", Path("a")), ("/b", Path("/b")), ("../c", Path("../c"))),
    "agent_timeout_s": number("--agent-timeout-s", 600),
    "agent_output_bytes_max": number("--agent-output-bytes-max", MIB),
    "sandbox": Promise(
        "mock",
        "--sandbox",
        ("local", "local"),
        ("mock", "mock"),
        ("local", "local"),
        (("SBX_MODE", "live", "local"), ("SBX_MODE", "mock", "mock")),
    ),
    "sandbox_output_bytes_max": number("--sandbox-output-bytes-max", MIB),
    "command_timeout_s": number("--command-timeout-s", 3_600),
    "partitioning": Promise(
        True,
        "--partitioning",
        ("true", True),
        ("off", False),
        ("false", False),
        (("SBX_QUEUE_PARTITION", "false", False), ("SBX_QUEUE_PARTITION", "true", True)),
    ),
    "app_version": text("--app-version", "signoff", "DBOS__APPVERSION"),
    "concurrency": number("--concurrency", 10),
    "sandbox_concurrency": number("--sandbox-concurrency", 10),
    "migrate": Promise(False, "--migrate", ("false", False), ("yes", True), ("true", True)),
    "dev": Promise(False, "--dev", ("false", False), ("yes", True), ("true", True)),
    "plan_approval_timeout_s": number("--plan-approval-timeout-s", 86_400),
    "tier_defaults": Promise(None, "--tier-defaults", ("a", Path("a")), ("/b", Path("/b")), ("../c", Path("../c"))),
    "gates.G0": in_file("blocking"),
    "gates.G1": in_file("required-items"),
    "gates.G2": in_file("advisory"),
    "gates.G3": in_file("automatic"),
    "gates.G4": in_file("advisory"),
    "policy_dir": Promise(None, "--policy-dir", ("a", Path("a")), ("/b", Path("/b")), ("../c", Path("../c"))),
    "callbacks.allow": Promise(
        (),
        "--callbacks-allow",
        ("https://a/", ("https://a/",)),
        ("https://b/x, http://c/", ("https://b/x", "http://c/")),
        ("[https://d/]", ("https://d/",)),
    ),
    "callbacks.secret": text(None, None),
    "ingress.secret": text(None, None),
    "ingress.actor": text("--ingress-actor", "webhook"),
    "oidc.issuer": url("--oidc-issuer", "https"),
    "oidc.client_id": text("--oidc-client-id", None),
    "oidc.client_secret": Promise(None, None, ("one", "one"), ("two", "two"), None),
    "oidc.claim": text("--oidc-claim", "preferred_username"),
    "notify_file": Promise(
        Path("notify.yaml"), "--notify-file", ("a", Path("a")), ("/b", Path("/b")), ("../c", Path("../c"))
    ),
    "public_url": Promise(
        None, "--public-url", ("https://a", "https://a/"), ("http://b:1", "http://b:1/"), ("http://d/", "http://d/")
    ),
    "missions_dir": Promise(None, "--missions-dir", ("a", Path("a")), ("/b", Path("/b")), ("../c", Path("../c"))),
    "mission_guard": Promise("block", None, ("warn", "warn"), None, ("off", "off")),
    "sync.url": url("--sync-url", "https"),
    "sync.token": text(None, None),
    "tracing": Promise(False, "--tracing", ("false", False), ("yes", True), ("true", True)),
    "log_format": Promise("auto", "--log-format", ("text", "text"), ("json", "json"), ("text", "text")),
}
EVERY = pytest.mark.parametrize("name", PROMISES)
EVERY_IN_FILE = pytest.mark.parametrize("name", [name for name, one in PROMISES.items() if one.by_yaml])
EVERY_WITH_VARIABLE = pytest.mark.parametrize("name", [name for name, one in PROMISES.items() if one.by_env])


def setting_of(name: str) -> Setting:
    (row,) = [setting for setting in SETTINGS if setting.name == name]
    return row


def write_one(path: Path, name: str) -> None:
    """A file in which it is set, if it may be."""
    if (by_yaml := PROMISES[name].by_yaml) is not None:
        write(path, yaml_line(name, by_yaml[0]))


def yaml_line(name: str, value: str) -> str:
    *groups, key = name.split(".")
    return "".join(f"{group}:\n  " for group in groups) + f"{key}: {value}\n"


def found(settings: Settings, name: str) -> tuple[Any, str]:
    (source,) = [source for source in settings.sources if source.name == name]
    value = settings.gates.get(name[6:]) if name.startswith("gates.") else getattr(settings, name.replace(".", "_"))
    return value, source.origin


def env_name(name: str) -> str:
    return "SIGNOFF_" + name.replace(".", "_").upper()


def expected(value: Any, cwd: Path) -> Any:
    return Path(os.path.normpath(cwd / value)) if isinstance(value, Path) else value


def write(folder: Path, text: str) -> Path:
    file = folder / CONFIG_FILE
    file.write_text(text, encoding="utf-8")
    # As whoever keeps a token in it has to.
    file.chmod(0o600)
    return folder


# Every setting


def test_the_table_holds_what_is_promised_and_nothing_else() -> None:
    assert [setting.name for setting in SETTINGS] == list(PROMISES)
    names = [name.partition(".")[0] if name.startswith("gates.") else name.replace(".", "_") for name in PROMISES]
    assert [field.name for field in fields(Settings)] == [*dict.fromkeys(names), "sources"]


@EVERY
def test_every_setting_has_its_flag_its_variable_its_aliases_and_a_sentence(name: str) -> None:
    setting, promise = setting_of(name), PROMISES[name]
    assert setting.flag == promise.flag
    assert setting.env == (env_name(name) if promise.by_env else None)
    assert {alias.env for alias in setting.aliases} == {alias for alias, _, _ in promise.aliases}
    assert setting.help.endswith(".")
    assert setting.kind.accepts


def test_only_secrets_and_what_relaxes_gates_lack_a_flag() -> None:
    gates = [name for name in PROMISES if name.startswith("gates.")]
    assert [setting.name for setting in SETTINGS if setting.flag is None] == [
        "token",
        *gates,
        "callbacks.secret",
        "ingress.secret",
        "oidc.client_secret",
        "mission_guard",
        "sync.token",
    ]
    assert [setting.name for setting in SETTINGS if setting.env is None] == [*gates, "mission_guard"]
    assert [setting.name for setting in SETTINGS if setting.secret] == [
        "token",
        "callbacks.secret",
        "ingress.secret",
        "oidc.client_secret",
        "sync.token",
    ]


def test_only_switches_can_be_said_no_to() -> None:
    off_flags = {setting.off_flag for setting in SETTINGS} - {None}
    assert off_flags == {"--no-partitioning", "--no-migrate", "--no-dev", "--no-tracing"}


@EVERY
def test_the_default_holds_where_nothing_is_set(name: str, tmp_path: Path) -> None:
    assert found(load({}, {}, cwd=tmp_path), name) == (expected(PROMISES[name].default, tmp_path), "default")


@EVERY_IN_FILE
def test_the_file_goes_before_the_default(name: str, tmp_path: Path) -> None:
    given, value = PROMISES[name].by_yaml or ("", None)
    settings = load({}, {}, cwd=write(tmp_path, "\n" + yaml_line(name, given)))
    line = 3 if "." in name else 2
    assert found(settings, name) == (expected(value, tmp_path), f"signoff.yaml:{line}")


@EVERY_WITH_VARIABLE
def test_the_variable_goes_before_the_file(name: str, tmp_path: Path) -> None:
    given, value = PROMISES[name].by_env or ("", None)
    write_one(tmp_path, name)
    settings = load({}, {env_name(name): given}, cwd=tmp_path)
    assert found(settings, name) == (value, f"environment {env_name(name)}")


@EVERY_WITH_VARIABLE
def test_an_alias_goes_before_the_file_and_after_the_settings_own_variable(name: str, tmp_path: Path) -> None:
    write_one(tmp_path, name)
    own, own_value = PROMISES[name].by_env or ("", None)
    for alias, given, value in PROMISES[name].aliases:
        assert found(load({}, {alias: given}, cwd=tmp_path), name) == (value, f"environment {alias}")
        both = load({}, {alias: given, env_name(name): own}, cwd=tmp_path)
        assert found(both, name) == (own_value, f"environment {env_name(name)}")


@pytest.mark.parametrize("name", [name for name, promise in PROMISES.items() if promise.flag])
def test_the_flag_goes_before_everything(name: str, tmp_path: Path) -> None:
    promise = PROMISES[name]
    write_one(tmp_path, name)
    environ = {env_name(name): promise.by_env[0] if promise.by_env else ""} | {
        alias: given for alias, given, _ in promise.aliases
    }
    settings = load({name.replace(".", "_"): promise.by_flag[0]}, environ, cwd=tmp_path)
    assert found(settings, name) == (expected(promise.by_flag[1], tmp_path), f"flag {promise.flag}")


@EVERY_IN_FILE
def test_an_empty_variable_and_a_key_without_a_value_count_as_not_set(name: str, tmp_path: Path) -> None:
    write(tmp_path, yaml_line(name, ""))
    environ = {env_name(name): ""} | {alias: "" for alias, _, _ in PROMISES[name].aliases}
    assert found(load({}, environ, cwd=tmp_path), name)[1] == "default"


def test_an_empty_variable_leaves_its_alias_in_force(tmp_path: Path) -> None:
    assert found(load({}, {"SIGNOFF_PORT": "", "PORT": "9"}, cwd=tmp_path), "port") == (9, "environment PORT")


# Flags


def test_flags_that_were_not_given_are_none_or_empty(tmp_path: Path) -> None:
    settings = load({"port": None, "callbacks_allow": (), "config": None}, {}, cwd=tmp_path)
    assert {source.origin for source in settings.sources} == {"default"}


def test_flags_may_be_values_that_were_read_already(tmp_path: Path) -> None:
    flags = {"dir": tmp_path / "d", "port": 1, "migrate": True, "callbacks_allow": ("http://a/", "http://b/")}
    settings = load(flags, {}, cwd=tmp_path)
    assert (settings.dir, settings.port, settings.migrate) == (tmp_path / "d", 1, True)
    assert settings.callbacks_allow == ("http://a/", "http://b/")


def test_a_switch_that_is_turned_off_names_the_flag_that_did_it(tmp_path: Path) -> None:
    settings = load({"partitioning": False}, {}, cwd=tmp_path)
    assert found(settings, "partitioning") == (False, "flag --no-partitioning")


@pytest.mark.parametrize("flag", ["token", "callbacks_secret", "prot"])
def test_a_flag_that_no_setting_has_is_a_defect_of_the_caller(flag: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=flag):
        load({flag: "x"}, {}, cwd=tmp_path)


# Values


@pytest.mark.parametrize("word", ["true", "1", "yes", "on", "TRUE", "On"])
def test_words_that_mean_yes(word: str, tmp_path: Path) -> None:
    assert load({}, {"SIGNOFF_MIGRATE": word}, cwd=tmp_path).migrate is True


@pytest.mark.parametrize("word", ["false", "0", "no", "off", "False", "NO"])
def test_words_that_mean_no(word: str, tmp_path: Path) -> None:
    assert load({}, {"SIGNOFF_PARTITIONING": word}, cwd=tmp_path).partitioning is False


BOUNDS = {
    "port": (0, 65_535),
    "admin_port": (0, 65_535),
    "concurrency": (1, 1_000),
    "sandbox_concurrency": (1, 1_000),
    "plan_approval_timeout_s": (1, 2_592_000),
    "agent_timeout_s": (1, 2_592_000),
    "command_timeout_s": (1, 2_592_000),
    "agent_output_bytes_max": (1, 1_073_741_824),
    "sandbox_output_bytes_max": (1, 1_073_741_824),
}


@pytest.mark.parametrize(("name", "bounds"), BOUNDS.items())
def test_numbers_reach_their_bounds_and_no_further(name: str, bounds: tuple[int, int], tmp_path: Path) -> None:
    low, high = bounds
    for inside in (low, high):
        assert getattr(load({}, {env_name(name): str(inside)}, cwd=tmp_path), name) == inside
    for outside in (low - 1, high + 1):
        with pytest.raises(InvalidInputError, match=f"from {low} to {high}; found '{outside}'"):
            load({}, {env_name(name): str(outside)}, cwd=tmp_path)


@pytest.mark.parametrize(
    "given", ["postgres://h/db", "postgresql:///db", "postgresql://u:p@h1:1,h2:2/db?sslmode=require"]
)
def test_postgres_urls_are_taken_as_they_are(given: str, tmp_path: Path) -> None:
    assert load({"database_url": given}, {}, cwd=tmp_path).database_url == given


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://ci.example", "https://ci.example/"),
        ("https://ci.example:8443", "https://ci.example:8443/"),
        ("https://ci.example/hooks", "https://ci.example/hooks"),
    ],
)
def test_a_callback_prefix_never_ends_within_a_host_name(given: str, kept: str, tmp_path: Path) -> None:
    assert load({"callbacks_allow": given}, {}, cwd=tmp_path).callbacks_allow == (kept,)


BAD = [
    ("dir", " "),
    ("dir", "a\0b"),
    ("database_url", "sqlite:///x.db"),
    ("database_url", "postgresql:db"),
    ("database_url", "postgresql://h/a b"),
    ("database_url", "host=h dbname=d"),
    ("url", "ftp://a"),
    ("url", "a.example"),
    ("url", "http://"),
    ("url", "http://a b/"),
    ("url", "http://a:70000"),
    ("url", "http://a:0"),
    ("url", "http://[::1"),
    ("token", "two\nlines"),
    ("token_file", " "),
    ("actor", "ldap"),
    ("host", " "),
    ("port", "eighty"),
    ("port", "8_700"),
    ("port", "1.5"),
    ("port", "9" * 5_000),
    ("agent", "live"),
    ("agent_command", "an 'open quote"),
    ("agent_command", "'' --flag"),
    ("agent_command", " "),
    ("sandbox", "live"),
    ("migrate", "maybe"),
    ("callbacks.allow", "https://a/,"),
    ("callbacks.allow", "ftp://a/"),
    ("callbacks.allow", "https://u@a/"),
    ("callbacks.allow", "https://a/?b"),
    ("callbacks.allow", "https://a/#b"),
    ("log_format", "xml"),
]


@pytest.mark.parametrize(("name", "given"), BAD)
def test_a_bad_variable_is_named_with_what_is_accepted(name: str, given: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        load({}, {env_name(name): given}, cwd=tmp_path)
    assert caught.value.code == "invalid-setting"
    assert caught.value.message.startswith(f"{env_name(name)} must be {setting_of(name).kind.accepts}; found ")
    assert caught.value.details["setting"] == name
    assert caught.value.details["origin"] == env_name(name)


def test_a_bad_flag_is_named_with_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"^--port must be an integer from 0 to 65535; found 'x'\.$"):
        load({"port": "x"}, {}, cwd=tmp_path)
    with pytest.raises(InvalidInputError, match=r"^--port must be .* found False\.$"):
        load({"port": False}, {}, cwd=tmp_path)


def test_an_alias_with_values_of_its_own_takes_only_those(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"^OC_MODE must be replay or live; found 'command'\.$"):
        load({}, {"OC_MODE": "command"}, cwd=tmp_path)


def test_a_value_that_is_overridden_is_not_looked_at(tmp_path: Path) -> None:
    assert load({"port": "1"}, {"SIGNOFF_PORT": "x", "PORT": "y"}, cwd=tmp_path).port == 1


def test_a_long_value_is_cut_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        load({"agent": "x" * 10_000}, {}, cwd=tmp_path)
    assert len(caught.value.message) < 300


# The file


def problems_of(folder: Path, content: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load({}, {}, cwd=write(folder, content))
    return caught.value


WRONG_IN_YAML = {
    "dir": "1",
    "database_url": "sqlite:///x",
    "url": "[]",
    "token": "12",
    "token_file": "12",
    "actor": "ldap",
    "host": "true",
    "port": "'8700'",
    "admin_port": "true",
    "agent": "[replay]",
    "agent_command": "[a, b]",
    "replay_dir": "7",
    "agent_timeout_s": "0",
    "agent_output_bytes_max": "1.5",
    "sandbox": "live",
    "sandbox_output_bytes_max": "0",
    "command_timeout_s": "0",
    "partitioning": "yes",
    "app_version": "1.2",
    "concurrency": "1001",
    "sandbox_concurrency": "0",
    "migrate": "1",
    "dev": "development",
    "plan_approval_timeout_s": "2592001",
    "tier_defaults": "[tiers]",
    **{f"gates.G{n}": mode for n, mode in enumerate(["on", "Advisory", "none", "[advisory]", "required_items"])},
    "policy_dir": "{a: b}",
    "callbacks.allow": "https://a/",
    "callbacks.secret": "{a: b}",
    "ingress.secret": "7",
    "ingress.actor": "[ci]",
    "oidc.issuer": "http://accounts.example",
    "oidc.client_id": "7",
    "oidc.claim": "[sub]",
    "notify_file": "[a]",
    "public_url": "https://signoff.example/inbox/",
    "missions_dir": "7",
    "mission_guard": "strict",
    "sync.url": "ftp://a",
    "sync.token": "12",
    "tracing": "otlp",
    "log_format": "xml",
}


@EVERY_IN_FILE
def test_a_bad_value_in_the_file_is_named_with_its_line_and_what_is_accepted(name: str, tmp_path: Path) -> None:
    error = problems_of(tmp_path, "# comment\n" + yaml_line(name, WRONG_IN_YAML[name]))
    line = 3 if "." in name else 2
    assert str(error).startswith(f"signoff.yaml:{line}: {name} must be {setting_of(name).kind.accepts}; found ")
    assert (error.path, error.line, error.code) == ("signoff.yaml", line, "invalid-settings")


def test_all_problems_of_a_file_are_told_at_once_in_the_order_of_its_lines(tmp_path: Path) -> None:
    error = problems_of(tmp_path, "prot: 1\ncallbacks:\n  alow: []\n  secret: x\nport: x\nzzzzzz: 1\n")
    assert str(error).splitlines() == [
        "signoff.yaml:1: there is no setting 'prot'; did you mean 'port'?",
        "signoff.yaml:3: there is no setting 'callbacks.alow'; did you mean 'callbacks.allow'?",
        "signoff.yaml:5: port must be an integer from 0 to 65535; found 'x'.",
        f"signoff.yaml:6: there is no setting 'zzzzzz'; accepted are {', '.join(PROMISES)}.",
    ]
    assert error.line == 1


def test_a_group_that_is_no_mapping_names_its_members(tmp_path: Path) -> None:
    error = problems_of(tmp_path, "callbacks: https://a/\n")
    assert str(error) == "signoff.yaml:1: callbacks must be a mapping of allow, secret."


def test_the_modes_of_gates_are_one_mapping(tmp_path: Path) -> None:
    settings = load({}, {}, cwd=write(tmp_path, "gates: {G1: advisory, G3: required-items, G4: }\n"))
    assert settings.gates == {"G1": "advisory", "G3": "required-items"}
    assert load({}, {"SIGNOFF_GATES_G1": "advisory"}, cwd=tmp_path / "elsewhere").gates == {}


def test_a_gate_or_mode_that_is_not_known_is_told_with_its_own_line(tmp_path: Path) -> None:
    error = problems_of(tmp_path, "port: 1\ngates:\n  G0: blocking\n  G7: advisory\n  G1: sometimes\n")
    assert (
        str(error).splitlines()[0].startswith("signoff.yaml:4: there is no setting 'gates.G7'; did you mean 'gates.G")
    )
    assert str(error).splitlines()[1] == (
        "signoff.yaml:5: gates.G1 must be blocking or required-items or advisory or automatic; found 'sometimes'."
    )
    not_a_mapping = problems_of(tmp_path, "gates: advisory\n")
    assert str(not_a_mapping) == "signoff.yaml:1: gates must be a mapping of G0, G1, G2, G3, G4."


def test_the_notify_file_is_looked_for_beside_the_settings_file_wherever_that_is(tmp_path: Path) -> None:
    assert load({}, {}, cwd=tmp_path).notify_file == tmp_path / "notify.yaml"
    (tmp_path / "conf").mkdir()
    write(tmp_path / "conf", "port: 1\n")
    named = str(Path("conf", CONFIG_FILE))
    assert load({"config": named}, {}, cwd=tmp_path).notify_file == tmp_path / "conf" / "notify.yaml"
    by_environment = load({}, {"SIGNOFF_CONFIG": named}, cwd=tmp_path)
    assert by_environment.notify_file == tmp_path / "conf" / "notify.yaml"
    assert load({"config": named, "notify_file": "n.yaml"}, {}, cwd=tmp_path).notify_file == tmp_path / "n.yaml"


def test_the_folder_of_tier_defaults_is_looked_for_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    write(tmp_path / "conf", "tier_defaults: tiers\n")
    named = str(Path("conf", CONFIG_FILE))
    assert load({"config": named}, {}, cwd=tmp_path).tier_defaults == tmp_path / "conf" / "tiers"
    assert load({"config": str(tmp_path / named)}, {}, cwd=tmp_path).tier_defaults == tmp_path / "conf" / "tiers"
    flags = {"config": named, "tier_defaults": "tiers"}
    assert load(flags, {}, cwd=tmp_path).tier_defaults == tmp_path / "tiers"
    (source,) = [one for one in load(flags, {}, cwd=tmp_path).sources if one.name == "tier_defaults"]
    assert (source.value, source.origin) == (str(tmp_path / "tiers"), "flag --tier-defaults")


def test_a_key_that_was_merged_in_counts_though_its_line_is_not_known(tmp_path: Path) -> None:
    merged = "callbacks:\n  <<: {secret: s}\n"
    assert found(load({}, {}, cwd=write(tmp_path, merged)), "callbacks.secret") == ("s", "signoff.yaml")
    error = problems_of(tmp_path, "<<: {port: x}\n")
    assert str(error) == "signoff.yaml: port must be an integer from 0 to 65535; found 'x'."
    assert error.line is None


def test_a_group_that_holds_itself_is_an_unknown_key(tmp_path: Path) -> None:
    assert "no setting 'callbacks.callbacks'" in str(problems_of(tmp_path, "callbacks: &c {callbacks: *c}\n"))


@pytest.mark.parametrize(
    ("content", "start"),
    [
        ("port: 1\nhost: [\n", "signoff.yaml:3: it is not YAML: "),
        ("port: 1\nhost: @a\n", "signoff.yaml:2: it is not YAML: found character '@'"),
        ("port: 1\nport: 2\n", "signoff.yaml:2: it is not YAML that can be taken: a repeated key"),
        ("port: 1\n---\nport: 2\n", "signoff.yaml:2: it is not YAML that can be taken"),
        ("port: !!int x\n", "signoff.yaml:1: it is not YAML that can be taken"),
        ("host: \x01\n", "signoff.yaml:1: it is not YAML that can be taken"),
        ("- port\n", "signoff.yaml:1: it must be a mapping of settings; found ['port']."),
    ],
)
def test_a_file_that_cannot_be_parsed_names_the_line(content: str, start: str, tmp_path: Path) -> None:
    assert str(problems_of(tmp_path, content)).startswith(start)


@pytest.mark.parametrize("content", ["", "# only a comment\n", "{}\n"])
def test_a_file_without_settings_sets_nothing(content: str, tmp_path: Path) -> None:
    settings = load({}, {}, cwd=write(tmp_path, content))
    assert {source.origin for source in settings.sources} == {"default"}


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    settings = load({}, {}, cwd=write(tmp_path, "\ufeffport: 1\r\nhost: h\r\n"))
    assert found(settings, "port") == (1, "signoff.yaml:1")
    assert found(settings, "host") == ("h", "signoff.yaml:2")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_bytes(b"host: \xff\n")
    with pytest.raises(SettingsError, match=r"^signoff\.yaml:1: it is not UTF-8\.$"):
        load({}, {}, cwd=tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).mkdir()
    with pytest.raises(SettingsError, match=r"^signoff\.yaml: it cannot be read: Is a directory\.$"):
        load({}, {}, cwd=tmp_path)


def test_a_named_file_is_read_in_place_of_the_usual_one(tmp_path: Path) -> None:
    write(tmp_path, "port: 1\n")
    (tmp_path / "other.yaml").write_text("port: 2\n", encoding="utf-8")
    (tmp_path / "third.yaml").write_text("port: 3\n", encoding="utf-8")
    environ = {"SIGNOFF_CONFIG": "other.yaml"}
    assert found(load({}, environ, cwd=tmp_path), "port") == (2, "other.yaml:1")
    assert found(load({"config": "third.yaml"}, environ, cwd=tmp_path), "port") == (3, "third.yaml:1")


def test_a_named_file_that_is_missing_is_an_error_that_says_who_named_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^a\.yaml: there is no such file; --config names it\.$"):
        load({"config": "a.yaml"}, {"SIGNOFF_CONFIG": "b.yaml"}, cwd=tmp_path)
    with pytest.raises(SettingsError, match=r"^b\.yaml: there is no such file; SIGNOFF_CONFIG names it\.$"):
        load({}, {"SIGNOFF_CONFIG": "b.yaml"}, cwd=tmp_path)


# What must not be seen


def test_sources_show_every_value_and_hide_every_secret(tmp_path: Path) -> None:
    write(tmp_path, "callbacks: {secret: s3cret, allow: [https://a/, https://b/]}\nurl: https://me:s3cret@a\n")
    flags = {"database_url": "postgresql://u:s3cret@h/db", "agent_command": "a 'b c'", "migrate": True}
    settings = load(flags, {"SIGNOFF_TOKEN": "s3cret"}, cwd=tmp_path)
    shown = {source.name: source.value for source in settings.sources}
    assert list(shown) == list(PROMISES)
    assert shown["token"] == shown["callbacks.secret"] == "***"
    assert shown["database_url"] == "postgresql://u:***@h/db"
    assert shown["url"] == "https://me:***@a"
    assert shown["callbacks.allow"] == "https://a/,https://b/"
    assert (shown["agent_command"], shown["migrate"], shown["port"]) == ("a 'b c'", "true", "8700")
    assert "s3cret" not in repr(settings)


def test_what_is_not_set_is_shown_as_such_even_if_it_would_be_secret(tmp_path: Path) -> None:
    shown = {source.name: source.value for source in load({}, {}, cwd=tmp_path).sources}
    assert shown["token"] == shown["database_url"] == shown["callbacks.allow"] == "not set"


@pytest.mark.parametrize(
    "content",
    [
        "token: {s3cret: 1}\n",
        "tokn: s3cret\n",
        "token: !s3cret\n",
        "token: *s3cret\n",
        "token: s3cret\ntoken: other\n",
        "callbacks: s3cret\n",
        "oidc: {client_secret: s3cret}\n",
        "database_url: mysql://u:s3cret@h/db\n",
        "database_url: [postgresql://u:s3cret@h/db]\n",
        "database_url: host=h password='a s3cret'\n",
    ],
)
def test_no_error_of_the_file_quotes_a_secret(content: str, tmp_path: Path) -> None:
    assert "s3cret" not in str(problems_of(tmp_path, content))


def test_what_is_taken_from_the_environment_alone_may_not_stand_in_the_file(tmp_path: Path) -> None:
    assert [name for name, one in PROMISES.items() if one.by_yaml is None] == ["oidc.client_secret"]
    for given in ("s3cret", ""):
        assert str(problems_of(tmp_path, f"oidc:\n  client_secret: {given}\n")) == (
            "signoff.yaml:2: oidc.client_secret may not stand in a file; it is taken from SIGNOFF_OIDC_CLIENT_SECRET."
        )


@pytest.mark.parametrize(
    "given", ["https://a", "https://a/b", "http://127.0.0.1:8080", "http://[::1]/", "http://localhost"]
)
def test_an_issuer_is_one_to_whom_nobody_listens_in(given: str, tmp_path: Path) -> None:
    assert load({"oidc_issuer": given}, {}, cwd=tmp_path).oidc_issuer == given


@pytest.mark.parametrize(
    "given",
    [
        "http://a",
        "http://127.0.0.1.a",
        "http://10.0.0.1",
        "https://u:p@a",
        "https://a?b",
        "https://a#b",
        "https://",
        "a",
        "http://[::1",
    ],
)
def test_an_address_that_is_no_issuers_is_refused(given: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="https://"):
        load({"oidc_issuer": given}, {}, cwd=tmp_path)


@pytest.mark.parametrize(
    ("name", "given"), [("token", "s3cret so\n"), ("token", "s3cret\u200bx"), ("database_url", "mysql://u:s3cret@h")]
)
def test_no_error_of_the_environment_quotes_a_secret(name: str, given: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        load({}, {env_name(name): given}, cwd=tmp_path)
    assert "s3cret" not in f"{caught.value.message} {caught.value.details}"


def test_a_token_is_taken_as_it_was_shown_whatever_blanks_were_copied_with_it(tmp_path: Path) -> None:
    for given in ("so_1", " so_1", "so_1\n", "\t so_1 \r\n"):
        assert load({}, {"SIGNOFF_TOKEN": given}, cwd=tmp_path).token == "so_1"
    for given in ("so_ 1", "so_1\u00a0x", "so_\u00e9", " ", "so_1\nso_2"):
        with pytest.raises(InvalidInputError, match="SIGNOFF_TOKEN must be a token, as it was shown"):
            load({}, {"SIGNOFF_TOKEN": given}, cwd=tmp_path)


@pytest.mark.parametrize("content", ["token: so_1\n", "sync:\n  token: so_1\n"])
def test_a_file_with_a_token_that_others_can_read_is_refused_and_says_what_to_do(tmp_path: Path, content: str) -> None:
    file = write(tmp_path, content) / CONFIG_FILE
    for mode in (0o640, 0o604, 0o666):
        file.chmod(mode)
        with pytest.raises(InvalidInputError, match=f"others .0{mode:o}.. Run: chmod 600 signoff.yaml") as caught:
            load({}, {"SIGNOFF_TOKEN": "so_2"}, cwd=tmp_path)
        assert (caught.value.code, "so_1" in caught.value.message) == ("token-file-exposed", False)
    file.write_text("port: 80\n", "utf-8")
    assert load({}, {}, cwd=tmp_path).port == 80


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://u:p@h:5432/db", "postgresql://u:***@h:5432/db"),
        ("postgresql://:p@h/db", "postgresql://:***@h/db"),
        ("postgresql://u:a@b/c?d#e@h/db", "postgresql://u:***@h/db"),
        (
            "postgresql://u@h:5432/db?password=p&sslmode=require",
            "postgresql://u@h:5432/db?password=***&sslmode=require",
        ),
        ("postgresql://h/db?sslpassword=p", "postgresql://h/db?sslpassword=***"),
        ("host=h password = 'a \\' b' user=u", "host=h password = *** user=u"),
        ("host=h password=a\\ b user=u", "host=h password=*** user=u"),
    ],
)
def test_passwords_are_masked_wherever_they_stand(url: str, masked: str) -> None:
    assert mask_url(url) == masked


@pytest.mark.parametrize("url", ["postgresql://u@h:5432/db", "https://a.example:8700/b?c=d", "/a/path", ""])
def test_what_has_no_password_stays_as_it_is(url: str) -> None:
    assert mask_url(url) == url


# What it costs


def test_yaml_is_imported_only_where_there_is_a_file(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from signoff.settings import load; "
        "load({}, {}, cwd=Path('.')); print('ruamel.yaml' in sys.modules, 'difflib' in sys.modules)"
    )

    def run() -> str:
        command = [sys.executable, "-c", program]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    assert run() == "False False"
    write(tmp_path, "port: 1\n")
    assert run().startswith("True")
