"""Risk policies as files: those of a folder, and those that are shipped."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from signoff.errors import PolicyError
from signoff.policy.read import PolicyText, read_policy
from signoff.policy.read_level import has_zone_form
from signoff.policy.risk import RiskPolicy

_SUFFIXES = (".yaml", ".yml")


def load_policy(folder: Path | None) -> RiskPolicy:
    """The policy of this folder; the shipped one without a folder, and for the sections that its files leave out.

    Raises:
        PolicyError: with every problem of every file, or since there is no file.
    """
    shipped = _texts(files("signoff.policy").joinpath("defaults"), "built-in")
    if folder is None:
        return read_policy(shipped, is_zone=_is_zone)
    return read_policy(_texts(folder, str(folder)), shipped, is_zone=_is_zone)


def policy_files(folder: Traversable) -> list[Traversable]:
    """In the order of their names; files of other names are for people."""
    return sorted((one for one in folder.iterdir() if one.name.endswith(_SUFFIXES)), key=lambda one: one.name)


def _texts(folder: Traversable, label: str) -> list[PolicyText]:
    try:
        found = policy_files(folder)
    except OSError as error:
        raise PolicyError(f"it cannot be read: {error.strerror}.", path=label) from None
    if not found:
        raise PolicyError(f"there is no file of a policy in it: none ends in {' or '.join(_SUFFIXES)}.", path=label)
    return [_text(one, f"{label}/{one.name}") for one in found]


def _text(file: Traversable, label: str) -> PolicyText:
    try:
        return PolicyText(label, file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise PolicyError(f"it cannot be read: {error.strerror}.", path=label) from None
    except UnicodeDecodeError as error:
        raise PolicyError(f"it is not UTF-8 at byte {error.start}.", path=label, line=1) from None


def _is_zone(name: str) -> bool:
    try:
        return has_zone_form(name) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, OSError):  # the second is a folder of zones, such as Europe
        return False
