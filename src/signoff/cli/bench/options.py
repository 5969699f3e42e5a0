"""What all of these commands are told: on which database, with how many processes, and where the report goes."""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.errors import InvalidInputError
from signoff.settings import mask_url

Command = Callable[..., Any]

TIMEOUT_S = 600
CLIENTS = 16
GATES_MAX = 100_000


@dataclass(frozen=True)
class Bench:
    """One call. At most one of `is_postgres`, `database_url` and `base` is given; `workers` are those beside an API, 0
    for both in one process; `timeout_s` bounds each wait."""

    call: Call
    is_postgres: bool
    database_url: str | None
    base: str | None
    workers: int
    clients: int
    timeout_s: int
    report: Path | None
    is_must: bool

    @property
    def command(self) -> str:
        """As it was typed, without the passwords of URLs."""
        return shlex.join(["signoff", *(_masked(word) for word in sys.argv[1:])])


def measures(
    *, of_server: bool = False, has_workers: bool = False, has_clients: bool = False
) -> Callable[[Command], Command]:
    """Gives a command the shared flags; they arrive as one `Bench`, its first argument. `of_server`: it can measure a
    server elsewhere, and needs no ledger at hand."""
    some = [*(_SERVER if of_server else ()), *(_WORKERS if has_workers else ()), *(_CLIENTS if has_clients else ())]

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def command(call: Call, **values: Any) -> Any:
            given = {name: values.pop(name, default) for name, default in _DEFAULTS.items()}
            bench = Bench(call, **given)
            _check_place(bench)
            return function(bench, **values)

        wrapped: Command = takes_settings()(command)
        for option in reversed([*_PLACE, *some, *_END]):
            wrapped = option(wrapped)
        return wrapped

    return decorate


#: Of what a command may do without.
_DEFAULTS: Mapping[str, Any] = {
    "is_postgres": False,
    "database_url": None,
    "base": None,
    "workers": 0,
    "clients": CLIENTS,
    "timeout_s": TIMEOUT_S,
    "report": None,
    "is_must": False,
}

_PLACE = (
    click.option("--postgres", "is_postgres", is_flag=True, help="On a Postgres of its own, thrown away at the end."),
    click.option(
        "--database-url",
        metavar="URL",
        help="On databases of its own at this Postgres server, dropped at the end; the role must be able to make them.",
    ),
)
_WORKERS = (
    click.option("--workers", type=click.IntRange(0, 16), default=0, show_default=True,
                 help="How many worker processes beside the API's; 0: one process is both."),
)  # fmt: skip
_SERVER = (
    click.option("--base", metavar="URL", help="A running server (SIGNOFF_TOKEN is its token) in place of one's own."),
)
_CLIENTS = (
    click.option("--clients", type=click.IntRange(1, 256), default=CLIENTS, show_default=True,
                 help="How many speak to the server at once."),
)  # fmt: skip
_END = (
    click.option("--timeout-s", type=click.IntRange(1, 86_400), default=TIMEOUT_S, show_default=True,
                 help="Give up a wait after so many seconds."),
    click.option("--report", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
                 help="Write the whole report there, as JSON."),
    click.option("--must", "is_must", is_flag=True, help="Exit 1 where a documented limit is not kept."),
)  # fmt: skip


def _check_place(bench: Bench) -> None:
    given = [bench.is_postgres, bench.database_url is not None, bench.base is not None]
    if sum(given) > 1:
        raise click.UsageError("Choose one of --postgres, --database-url and --base.")
    if bench.base is not None and bench.workers:
        raise click.UsageError("--workers are started beside a server of one's own; leave --base or --workers out.")
    if bench.base is not None and not bench.base.startswith(("http://", "https://")):
        raise InvalidInputError("--base is the URL of a server: http://HOST:PORT.", code="usage")
    if bench.database_url is not None and not bench.database_url.startswith(("postgres://", "postgresql://")):
        raise InvalidInputError("--database-url is a Postgres server: postgresql://USER@HOST/DATABASE.", code="usage")


def _masked(word: str) -> str:
    flag, equals, value = word.partition("=")
    if "://" not in word:
        return word
    return f"{flag}={mask_url(value)}" if equals and flag.startswith("--") else mask_url(word)
