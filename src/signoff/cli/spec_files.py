"""Specs as files: where they are, what is beside them, and how they are written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.errors import InvalidInputError

if TYPE_CHECKING:
    from signoff.plans.spec.compiled import Compiled
    from signoff.plans.spec.model import Spec

_PACKAGE = "signoff.plans.spec"
_COMPILED_SUFFIX = ".compiled.yaml"
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class SpecFile:
    """A spec's Markdown, read once: what is hashed is what is parsed."""

    path: Path
    data: bytes

    @cached_property
    def root(self) -> Path:
        return repository_of(self.path)

    @cached_property
    def spec(self) -> Spec:
        """
        Raises:
            SpecError: with every problem of the file.
        """
        from signoff.plans.spec.parse import decode, parse_spec

        label = str(self.path)
        return parse_spec(decode(self.data, label), path=label, leaves=self._leaves)

    @cached_property
    def document(self) -> dict[str, Any]:
        """Compiled, with the defaults of its tier."""
        from signoff.plans.spec.compile import compile_spec

        return compile_spec(
            self.spec,
            tier_defaults(self.spec.front.tier),
            source_md_path=self._path_in_repository(),
            source_md_sha256=hashlib.sha256(self.data).hexdigest(),
        )

    @property
    def compiled_path(self) -> Path:
        return self.path.with_name(self.path.stem + _COMPILED_SUFFIX)

    def _path_in_repository(self) -> str:
        """With slashes; from the top of the file system where the file is in no repository that we are in."""
        resolved = self.path.resolve()
        return (resolved.relative_to(self.root) if resolved.is_relative_to(self.root) else resolved).as_posix()

    def _leaves(self, output: str) -> bool:
        try:
            return not (self.root / output).resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):  # a circle of links leads nowhere
            return True


def open_spec(path: Path) -> SpecFile:
    if is_yaml(path):
        raise InvalidInputError(f"{path} is YAML; name the Markdown that it is compiled from.", code="usage")
    return SpecFile(path, read_file(path))


def open_compiled(path: Path) -> Compiled:
    """
    Raises:
        SpecError: with everything that is not as the schema says.
    """
    from signoff.plans.spec.compiled import read_compiled
    from signoff.plans.spec.parse import decode

    return read_compiled(decode(read_file(path), str(path)), path=str(path))


def source_of(path: Path, compiled: Mapping[str, Any]) -> Path:
    """The Markdown of a compiled file: the one that it names, or beside it where it names none."""
    named = compiled.get("source_md_path")
    if named is None:
        return path.with_name(path.name.removesuffix(_COMPILED_SUFFIX).removesuffix(path.suffix) + ".md")
    source = repository_of(path) / str(named)
    here = Path.cwd()
    return source.relative_to(here) if source.is_relative_to(here) else source


def is_yaml(path: Path) -> bool:
    return path.suffix.lower() in _YAML


def repository_of(path: Path) -> Path:
    """The repository that the file is in; without one the working directory, or else the file's own."""
    folder, here = path.resolve().parent, Path.cwd().resolve()
    found = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
    return found or (here if folder.is_relative_to(here) else folder)


def check_is_here(path: Path) -> None:
    """That a file which nobody named would be written to where this command was called."""
    here = Path.cwd() / "here"
    if not path.resolve().is_relative_to(repository_of(here)):
        raise InvalidInputError(
            f"{path} is outside of this repository. Say where to write with --output.", code="unwritable-file"
        )


def read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}.", code="unreadable-file") from None


def write_file(path: Path, text: str) -> None:
    """All of it or nothing, whoever reads it meanwhile."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}.", code="unwritable-file") from None
    finally:
        draft.unlink(missing_ok=True)


def tier_defaults(tier: str) -> dict[str, Any]:
    from signoff.plans.spec.compiled import read_defaults

    name = f"defaults/tier-{tier.lower()}.yaml"
    return read_defaults(_packaged(name), path=name)


def tier_template(tier: str) -> str:
    return _packaged(f"templates/tier-{tier.lower()}.md")


def _packaged(name: str) -> str:
    return files(_PACKAGE).joinpath(name).read_text("utf-8")
