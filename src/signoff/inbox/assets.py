"""What pages load: style, scripts and icon. Held in memory under names that change with their content, so that browsers
keep them for ever; no path that a visitor sends ever reaches the file system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from signoff.errors import OperationError
from signoff.gates.digest import sha256_hex

PREFIX = "/static"
CACHE = "public, max-age=31536000, immutable"

_FOLDER = Path(__file__).parent / "static"
_NAMES: Mapping[str, str] = {
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "inbox.js": "text/javascript; charset=utf-8",
    "vendor/htmx.js": "text/javascript; charset=utf-8",
    "vendor/htmx-sse.js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True)
class Asset:
    url: str
    content: bytes
    media_type: str


@cache
def assets() -> Mapping[str, Asset]:
    """By name.

    Raises:
        OperationError: (`missing-assets`) signoff runs from a source tree that was never built.
    """
    return {name: _read(name, media_type) for name, media_type in _NAMES.items()}


def asset_at(path: str) -> Asset | None:
    return next((asset for asset in assets().values() if asset.url == path), None)


def _read(name: str, media_type: str) -> Asset:
    try:
        content = (_FOLDER / name).read_bytes()
    except FileNotFoundError:
        raise OperationError(
            f"The inbox lacks {name}, which is put into the package when it is built. Install signoff (uv sync).",
            code="missing-assets",
        ) from None
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    return Asset(f"{PREFIX}/{stem}.{sha256_hex(content)[:12]}.{ending}", content, media_type)
