"""Make `docs/reference` from the source: `python -m tests.docs.generate [--check]`.

With `--check` nothing is written; the exit code is 1 where a page is not what the source says, and they are named.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from .audit_page import audit_page
from .bench_page import bench_page
from .cli_page import cli_page
from .crash_page import crash_page
from .errors_page import errors_page
from .http_page import http_page
from .metrics_page import metrics_page
from .missions_page import missions_page
from .release_page import release_page
from .settings_page import settings_page
from .source import ROOT
from .spec_page import spec_page
from .state_page import state_page
from .story_page import story_page
from .tables_page import tables_page

REFERENCE = ROOT / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = {
    "audit-events.md": audit_page,
    "bench.md": bench_page,
    "cli.md": cli_page,
    "crash-points.md": crash_page,
    "errors.md": errors_page,
    "http.md": http_page,
    "metrics.md": metrics_page,
    "missions.md": missions_page,
    "release.md": release_page,
    "settings.md": settings_page,
    "spec.md": spec_page,
    "state-diagram.md": state_page,
    "story.md": story_page,
    "tables.md": tables_page,
}


def stale_pages() -> Iterator[str]:
    """The names of pages that are missing, are not what the source says, or come from nowhere."""
    for name, make in PAGES.items():
        path = REFERENCE / name
        if not path.exists() or path.read_bytes() != make().encode():
            yield name
    yield from sorted(path.name for path in REFERENCE.glob("*.md") if path.name not in PAGES)


def main(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--check"]:
        stale = list(stale_pages())
        for name in stale:
            print(f"stale: docs/reference/{name}; run: python -m tests.docs.generate", file=sys.stderr)  # noqa: T201
        return 1 if stale else 0
    if arguments:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (REFERENCE / name).write_bytes(make().encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
