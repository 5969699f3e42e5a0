"""`settings.md`: every setting, from the table of settings."""

from __future__ import annotations

from collections.abc import Iterator

from signoff.settings import CONFIG_ENV, CONFIG_FILE, CONFIG_FLAG, SETTINGS, Setting
from signoff.settings.kind import FOLDER_OF_FILE

from .markdown import code, fence, page, table


def settings_page() -> str:
    return page(
        "Settings",
        "What goes before what, for each setting by itself:\n\n"
        "1. the flag;\n"
        "2. the environment: the setting's own name, then its other names;\n"
        f"3. the line in {code(CONFIG_FILE)};\n"
        "4. the default.\n\n"
        "`signoff doctor` shows each value and where it came from. An empty variable, and a key without a value, count "
        "as not set. What goes before another is used alone: lists are not joined.",
        f"The file is {code(CONFIG_FILE)} in the working directory, or the one that {code(CONFIG_FLAG)} or "
        f"{code(CONFIG_ENV)} names. A dot in a name leads into a mapping. An unknown name in it is an error "
        "(`invalid-settings`), and so is a value that cannot be taken; every problem is named with its line.",
        fence("port: 8701\ncallbacks:\n  allow:\n    - https://ci.example/hooks/\ngates:\n  G1: advisory", "yaml"),
        "Secrets have no flag, since other users of a machine can read command lines; "
        f"{_environment_only()} stands in no file either. `gates` and `mission_guard` have "
        "neither flag nor variable: what relaxes a gate stands in the file, where it can be reviewed. Relative paths "
        f"start at the working directory; those of {_kept_with_the_file()} in {code(CONFIG_FILE)} start at its own "
        "folder. In a linked worktree of git the file and the ledger are those of the repository's primary checkout, "
        "unless a flag or a variable names others. `_s` are seconds.",
        "What the modes of `gates` mean, and which tier takes which, is in the [reference of specs](spec.md).",
        table(("name", "flag", "environment", "accepts", "default", "what it is"), map(_row, SETTINGS)),
        "## Other names in the environment",
        "Understood so that other set-ups keep working; the setting's own name goes before them.",
        table(("variable", "setting", "values"), _alias_rows()),
    )


def _kept_with_the_file() -> str:
    return " and ".join(code(setting.name) for setting in SETTINGS if setting.kind is FOLDER_OF_FILE)


def _environment_only() -> str:
    return " and ".join(code(setting.name) for setting in SETTINGS if setting.is_environment_only)


def _row(setting: Setting) -> tuple[str, ...]:
    return (
        code(setting.name),
        _flags(setting),
        "none" if setting.env is None else code(setting.env),
        setting.kind.accepts,
        "" if setting.default in (None, ()) else code(setting.shown(setting.default)),
        setting.help,
    )


def _flags(setting: Setting) -> str:
    if setting.flag is None:
        return "none: a secret" if setting.secret else "none"
    return code(setting.flag) + (f", {code(setting.off_flag)}" if setting.off_flag else "")


def _alias_rows() -> Iterator[tuple[str, ...]]:
    for setting in SETTINGS:
        for alias in setting.aliases:
            meanings = ", ".join(f"{code(given)} means {code(meant)}" for given, meant in alias.means.items())
            yield code(alias.env), code(setting.name), meanings or "the same"
