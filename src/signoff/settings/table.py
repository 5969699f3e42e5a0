"""The one table: flags, environment names, keys of `signoff.yaml` and the reference are all made from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signoff.plans.spec.gate_names import GATES, MODES
from signoff.settings.kind import (
    BYTES,
    COMMAND,
    FOLDER,
    FOLDER_OF_FILE,
    HTTP_URL,
    ISSUER,
    LEGS,
    PORT,
    POSTGRES_URL,
    PUBLIC_URL,
    SECONDS,
    SWITCH,
    TEXT,
    TOKEN,
    URL_PREFIXES,
    Kind,
    one_of,
)

HIDDEN = "***"
NOT_SET = "not set"

_MIB = 1024 * 1024
_IN_USER_PART = r"(?s)(://[^@:]*:).*@"
_BY_NAME = r"(?i)(password\s*=\s*)(?:'(?:\\.|[^'\\])*'|(?:\\.|[^&\s\\])*)"


def mask_url(url: str) -> str:
    """The URL (or libpq connection string) with its passwords as `***`.

    It also takes what is not a URL at all: a password may contain anything, so rather too much is masked.
    """
    if "@" not in url and "=" not in url:
        return url  # as most values of settings are
    return re.sub(_BY_NAME, rf"\1{HIDDEN}", re.sub(_IN_USER_PART, rf"\1{HIDDEN}@", url))


@dataclass(frozen=True)
class Alias:
    """Another environment name that is understood; `means` translates its values where they differ."""

    env: str
    means: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """One row of the table. `name` is the path in `signoff.yaml`, a dot leading into a mapping. `is_file_only`: it has
    neither flag nor variable, so that what relaxes a gate can be read in the repository. `is_environment_only`: it may
    not stand in the file."""

    name: str
    kind: Kind
    default: Any
    help: str
    aliases: tuple[Alias, ...] = ()
    secret: bool = False
    is_file_only: bool = False
    is_environment_only: bool = False

    @property
    def attribute(self) -> str:
        """The name in `Settings` and in the flags given to `load`."""
        return self.name.replace(".", "_")

    @property
    def env(self) -> str | None:
        return None if self.is_file_only else f"SIGNOFF_{self.attribute.upper()}"

    @property
    def flag(self) -> str | None:
        """None for a secret: other users of a machine can read command lines."""
        return None if self.secret or self.is_file_only else "--" + self.attribute.replace("_", "-")

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
            import shlex  # few settings have several words

            return shlex.join(value) if self.kind is COMMAND else ",".join(value)
        return mask_url(str(value))


SETTINGS: tuple[Setting, ...] = (
    Setting("dir", FOLDER, Path(".signoff"), "Where the embedded ledger, keys and scratch files are kept."),
    Setting("database_url", POSTGRES_URL, None, "The Postgres database; embedded SQLite in the directory without it."),
    Setting("url", HTTP_URL, None, "A server to speak to in place of the local ledger."),
    Setting("token", TOKEN, None, "The token that signs the caller in at the server.", secret=True),
    Setting("token_file", FOLDER, None, "A file with that token, readable by its owner alone."),
    Setting("actor", one_of("os", "git"), "os", "Who acts without --as: the system's user, or git's user.name."),
    Setting("host", TEXT, "127.0.0.1", "The address that the server listens on."),
    Setting("port", PORT, 8700, "The port that the server listens on; 0 takes a free one.", (Alias("PORT"),)),
    Setting(
        "admin_port",
        PORT,
        None,
        "The port where a worker tells its health and metrics, if any.",
        (Alias("ADMIN_PORT"),),
    ),
    Setting(
        "agent",
        one_of("replay", "command", "none"),
        "replay",
        "Who plans goals and carries out prompts of specs: recordings, the program in agent_command, or people alone.",
        (Alias("OC_MODE", {"replay": "replay", "live": "command"}),),
    ),
    Setting("agent_command", COMMAND, None, "The agent's program: the prompt on stdin, the plan as JSON on stdout."),
    Setting("replay_dir", FOLDER, None, "The folder of recorded answers to the prompts of specs."),
    Setting("agent_timeout_s", SECONDS, 600, "How many seconds the agent's program may take."),
    Setting("agent_output_bytes_max", BYTES, _MIB, "How many bytes the agent's program may write."),
    Setting(
        "sandbox",
        one_of("mock", "local"),
        "mock",
        "Where tasks and commands run: nowhere, with recorded results, or in a confined process on this machine.",
        (Alias("SBX_MODE", {"mock": "mock", "live": "local"}),),
    ),
    Setting("sandbox_output_bytes_max", BYTES, _MIB, "How many bytes a task, or a block of commands, may write."),
    Setting("command_timeout_s", SECONDS, 3_600, "How many seconds a block of commands of a spec may take."),
    Setting(
        "partitioning",
        SWITCH,
        True,
        "Whether a run must name a queue partition, which its legs and tasks then carry.",
        (Alias("SBX_QUEUE_PARTITION"),),
    ),
    Setting(
        "app_version",
        TEXT,
        "signoff",
        "The version under which the engine records legs; only workers of the same one run them.",
        (Alias("DBOS__APPVERSION"),),
    ),
    Setting("concurrency", LEGS, 10, "How many legs a worker runs at once."),
    Setting("sandbox_concurrency", LEGS, 10, "How many sandboxed tasks a worker runs at once."),
    Setting("migrate", SWITCH, False, "Whether api and worker bring an older schema up to date when they start."),
    Setting(
        "dev", SWITCH, False, "Development mode: `signoff dev clock` moves the clock. Never for a ledger that matters."
    ),
    Setting("plan_approval_timeout_s", SECONDS, 86_400, "How many seconds a plan waits for its approval."),
    Setting(
        "tier_defaults",
        FOLDER_OF_FILE,
        None,
        "The folder of your own tier-a.yaml, tier-b.yaml and tier-c.yaml; the built-in one for a tier without.",
    ),
    *(
        Setting(
            f"gates.{code}",
            one_of(*MODES),
            None,
            f"What {code} ({name}) is in specs of tier B or C.",
            is_file_only=True,
        )
        for code, name in GATES.items()
    ),
    Setting(
        "policy_dir",
        FOLDER_OF_FILE,
        None,
        "The folder of risk policies; the built-in ones without it, and for what its files leave out.",
    ),
    Setting("callbacks.allow", URL_PREFIXES, (), "How the callback URLs that a gate may name must begin."),
    Setting("callbacks.secret", TEXT, None, "The key that callbacks are signed with.", secret=True),
    Setting("ingress.secret", TEXT, None, "The key that events of other systems are signed with.", secret=True),
    Setting("ingress.actor", TEXT, "webhook", "The service as which signed events answer gates."),
    Setting("oidc.issuer", ISSUER, None, "The provider of OpenID Connect where people sign in to the inbox, if any."),
    Setting("oidc.client_id", TEXT, None, "What that provider knows this server as."),
    Setting(
        "oidc.client_secret",
        TEXT,
        None,
        "The secret that this server shows that provider; a public client has none.",
        secret=True,
        is_environment_only=True,
    ),
    Setting(
        "oidc.claim",
        TEXT,
        "preferred_username",
        "The claim that is the name of somebody's principal. One that people cannot change at the provider.",
    ),
    Setting(
        "notify_file",
        FOLDER_OF_FILE,
        Path("notify.yaml"),
        "The file that says whom a worker tells of gates; nobody is told where it is not there.",
    ),
    Setting(
        "public_url", PUBLIC_URL, None, "Where people reach the inbox: how links in notices begin. None without it."
    ),
    Setting(
        "missions_dir",
        FOLDER_OF_FILE,
        None,
        "The folder of missions; without it the first of missions/ and kitty-specs/ in the primary checkout.",
    ),
    Setting(
        "mission_guard",
        one_of("block", "warn", "off"),
        "block",
        "What the guard does with a commit outside the active work package's files: stop it, only say so, or nothing.",
        is_file_only=True,
    ),
    Setting("sync.url", HTTP_URL, None, "Where new events of missions are sent, after they were written here."),
    Setting("sync.token", TOKEN, None, "The token that signs the sender of these events in.", secret=True),
    Setting(
        "tracing",
        SWITCH,
        False,
        "Whether servers send traces, as OpenTelemetry's own variables (OTEL_*) say: extra otel.",
    ),
    Setting("log_format", one_of("text", "json", "auto"), "auto", "How to log; auto: text on a terminal, else JSON."),
)
