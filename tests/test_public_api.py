"""What `import signoff` offers, and what it does not cost."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import signoff

HEAVY = {"dbos", "fastapi", "httpx", "psycopg", "pydantic", "sqlalchemy", "uvicorn"}

PROGRAM = """
import sys, signoff
light = set(sys.modules)
with signoff.connect() as client:
    gate = client.open_gate("deploy-42", "go-live", "Deploy 1.4?", ttl_s=60)
    client.reply("deploy-42", "go-live", "yes")
    assert gate.wait().is_approved
print(*sorted(name for name in light if name.startswith("signoff")))
print(*sorted(sys.modules))
"""


def test_every_module_can_be_imported() -> None:
    for module in pkgutil.walk_packages(signoff.__path__, "signoff."):
        if module.name != "signoff.__main__":  # the program itself
            importlib.import_module(module.name)


def test_the_names_are_sorted_and_each_is_there() -> None:
    assert signoff.__all__ == sorted(set(signoff.__all__))
    for name in signoff.__all__:
        assert getattr(signoff, name) is not None
    assert dir(signoff) == signoff.__all__


def test_the_names_are_those_that_are_promised() -> None:
    assert {"connect", "Client", "Gate", "Receipt", "aio", "GateTimedOutError", "GateCancelledError"} <= set(
        signoff.__all__
    )
    errors = [name for name in signoff.__all__ if name.endswith("Error")]
    assert all(issubclass(getattr(signoff, name), signoff.SignoffError) for name in errors)


def test_the_version_is_that_of_the_installed_package() -> None:
    assert signoff.__version__ == version("signoff")


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        signoff.nonsense  # noqa: B018


def test_a_program_on_the_embedded_ledger_imports_neither_server_nor_engine(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    light, all_of_it = done.stdout.splitlines()
    assert light == "signoff"
    assert not HEAVY & set(all_of_it.split())
