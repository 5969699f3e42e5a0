"""Copies htmx and its extension for server-sent events into the package when it is built, so that the wheel contains
them: installing it needs no Node, and pages ask no other host. They come out of the package `django-htmx`, which only
the build needs."""

from __future__ import annotations

import filecmp
import shutil
from importlib.metadata import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "django-htmx"
VENDOR = Path("src/signoff/inbox/static/vendor")
COPIED = {"htmx-2.min.js": "htmx.js", "ext/hx-sse-2.min.js": "htmx-sse.js"}


class VendorHook(BuildHookInterface):  # type: ignore[misc,type-arg]  # hatchling is there only while building
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        folder = Path(self.root) / VENDOR
        folder.mkdir(parents=True, exist_ok=True)
        for name, copy in COPIED.items():
            _copy(_asset(name), folder / copy)


def _copy(asset: Path, copy: Path) -> None:
    """A copy that is there already is left as it is: one that is newer than the last build asks for another."""
    if not copy.exists() or not filecmp.cmp(asset, copy, shallow=False):
        shutil.copyfile(asset, copy)


def _asset(name: str) -> Path:
    path = f"django_htmx/static/django_htmx/{name}"
    found = [one for one in files(SOURCE) or [] if one.as_posix() == path]
    if not found:
        raise FileNotFoundError(f"{SOURCE} has no {path} any more")
    return Path(found[0].locate())
