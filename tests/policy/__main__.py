"""Check the laws of the house: `python -m tests.policy [TREE] [--json]`. Exit 1 if one is broken."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import engine_imports, engine_tables, frozen_abi, origin_law, queue_law
from .finding import Finding, NothingToCheckError
from .source import PACKAGE, Tree

ROOT = Path(__file__).parents[2]

LAWS: Mapping[str, Callable[[Tree], list[Finding]]] = {
    one.LAW: one.check for one in (frozen_abi, engine_tables, engine_imports, queue_law, origin_law)
}


def findings_in(root: Path) -> list[Finding]:
    """Those of all laws. A law that finds nothing to look at is a finding itself."""
    tree = Tree(root)
    return [finding for law in LAWS for finding in _findings(law, tree)]


def _findings(law: str, tree: Tree) -> list[Finding]:
    try:
        return LAWS[law](tree)
    except NothingToCheckError as error:
        return [
            Finding(PACKAGE, 1, law, f"there is nothing to check: {error}", "Name the folder that holds src/signoff.")
        ]
    except SyntaxError as error:
        return [Finding(Path(str(error.filename)), error.lineno or 1, law, f"no Python: {error.msg}", "Mend it.")]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.policy", description=__doc__)
    parser.add_argument("tree", nargs="?", type=Path, default=ROOT, help="The folder that holds src/signoff.")
    parser.add_argument("--json", action="store_true", help="Print one JSON document.")
    given = parser.parse_args(arguments)
    findings = findings_in(given.tree)
    print(_document(findings) if given.json else _table(findings))  # noqa: T201
    return 1 if findings else 0


def _document(findings: Sequence[Finding]) -> str:
    return json.dumps(
        {"ok": not findings, "laws": list(LAWS), "findings": [one.to_wire() for one in findings]}, indent=2
    )


def _table(findings: Sequence[Finding]) -> str:
    broken = {one.law for one in findings}
    lines = [f"{'broken' if law in broken else 'kept':8}{law}" for law in LAWS]
    for one in findings:
        lines += ["", f"{one.where}: {one.law}: {one.message}", f"    {one.action}"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
