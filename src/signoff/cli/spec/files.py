"""Specs as files: where they are, what is beside them, and whether they can be run."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff.cli.files import as_seen_from_here, read_file
from signoff.cli.spec.tiers import tier_defaults
from signoff.errors import InvalidInputError, SpecError

if TYPE_CHECKING:
    from signoff.documents.problem import Problem
    from signoff.plans.spec.compiled import Compiled
    from signoff.plans.spec.model import Spec
    from signoff.settings import Settings

_COMPILED_SUFFIX = ".compiled.yaml"
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class SpecFile:
    """A spec's Markdown, read once: what is hashed is what is parsed. `tiers` is the folder of the user's own defaults,
    if there is one."""

    path: Path
    data: bytes
    tiers: Path | None

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
            self.defaults,
            source_md_path=path_in_repository(self.path),
            source_md_sha256=self.sha256,
        )

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Those of its tier."""
        return tier_defaults(self.spec.front.tier, self.tiers).values

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def compiled_path(self) -> Path:
        return compiled_path_of(self.path)

    def _leaves(self, output: str) -> bool:
        try:
            return not (self.root / output).resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):  # a circle of links leads nowhere
            return True


@dataclass(frozen=True)
class Runnable:
    """A spec that can be run.

    `document` is in today's shape; one that `is_older` has no gate policies, and takes them from `defaults`, those of
    its tier. `source_path` is the Markdown, None for an older file that does not say what it was made from.
    `spec_sha256` is of the bytes of the Markdown, or of that older file; `subject` is the path of the same in the
    repository, whose folder is `root`.
    """

    document: Mapping[str, Any]
    defaults: Mapping[str, Any]
    source_path: Path | None
    spec_sha256: str
    subject: str
    is_older: bool
    root: Path


def open_runnable(path: Path, settings: Settings) -> Runnable:
    """The spec of a Markdown or compiled file. What runs is what the Markdown says now: a compiled file that says
    something else is refused.

    Raises:
        SpecError: with everything that is wrong in the file; (`stale-spec`) it is not what its Markdown compiles to;
            (`unknown-language`) it has commands that nothing can run.
    """
    if not is_yaml(path):
        return _runnable(open_spec(path, settings.tier_defaults))
    data = read_file(path)
    compiled = _read_compiled(path, data)
    if _stands_alone(compiled):
        return _older(path, data, compiled, settings)
    return _runnable(_fresh_source(path, compiled.document, settings))


def _fresh_source(path: Path, document: Mapping[str, Any], settings: Settings) -> SpecFile:
    """The Markdown of a compiled file that is what it compiles to."""
    source_path = source_of(path, document)
    again = compile_command(source_path, path, settings.tier_defaults)
    if not source_path.exists():
        raise _stale(path, f"its Markdown, {source_path}, is gone. Bring it back, and compile it again: {again}")
    source = open_spec(source_path, settings.tier_defaults)
    if source.sha256 != document["source_md_sha256"]:
        raise _stale(path, f"its Markdown, {source_path}, has changed. Compile it again: {again}")
    if source.document != document:
        raise _stale(path, f"{source_path} compiles to something else here and now. Compile it again: {again}")
    return source


def _stale(path: Path, message: str) -> SpecError:
    return SpecError(message, path=str(path), code="stale-spec")


def compile_command(source: Path, target: Path, tiers: Path | None) -> str:
    """What compiles it to this file, as it can be typed."""
    words = ["signoff", "spec", "compile", str(source)]
    if target.resolve() != compiled_path_of(source).resolve():
        words.append(f"--output={target}")
    if tiers is not None:
        words.append(f"--tier-defaults={as_seen_from_here(tiers)}")
    return shlex.join(words)


def _runnable(source: SpecFile) -> Runnable:
    document = source.document
    _check_languages(document, str(source.path), [step.line for step in source.spec.steps])
    subject = document["source_md_path"]
    return Runnable(document, source.defaults, source.path, source.sha256, subject, False, source.root)


def _older(path: Path, data: bytes, compiled: Compiled, settings: Settings) -> Runnable:
    from signoff.documents.problem import Problem
    from signoff.plans.spec.problem import spec_error

    document = compiled.document
    if "owner" not in document:
        raise spec_error([Problem(1, "missing-key", "no owner", "owner: with a value")], str(path))
    _check_languages(document, str(path), [compiled.yaml.line(("plan", at)) for at in range(len(document["plan"]))])
    defaults = tier_defaults(document["tier"], settings.tier_defaults).values
    digest = hashlib.sha256(data).hexdigest()
    return Runnable(document, defaults, None, digest, path_in_repository(path), True, repository_of(path))


def _check_languages(document: Mapping[str, Any], label: str, lines: Sequence[int]) -> None:
    """`lines` are those of the steps."""
    from signoff.plans.spec.problem import spec_error

    problems = list(_unknown_languages(document, lines))
    if problems:
        told = spec_error(problems, label)
        message = told.message.removeprefix(f"{label}:{told.line}: ")
        error = SpecError(message, path=label, line=told.line, code="unknown-language")
        error.details.update(told.details)
        raise error


def _unknown_languages(document: Mapping[str, Any], lines: Sequence[int]) -> Iterator[Problem]:
    from signoff.documents.problem import Problem, shown
    from signoff.plans.spec.plan import LANGUAGES

    for step, line in zip(document["plan"], lines, strict=True):
        for number, command in enumerate(step["commands"], start=1):
            if command["lang"] not in LANGUAGES:
                found = f"the language {shown(command['lang'])} of command {number} in {step['step_id']}"
                yield Problem(line, "unknown-language", found, f"one of {', '.join(LANGUAGES)}")


def open_spec(path: Path, tiers: Path | None) -> SpecFile:
    if is_yaml(path):
        raise InvalidInputError(f"{path} is YAML; name the Markdown that it is compiled from.", code="usage")
    return SpecFile(path, read_file(path), tiers)


def open_compiled(path: Path) -> Compiled:
    """
    Raises:
        SpecError: with everything that is not as the schema says.
    """
    return _read_compiled(path, read_file(path))


def _read_compiled(path: Path, data: bytes) -> Compiled:
    from signoff.plans.spec.compiled import read_compiled
    from signoff.plans.spec.parse import decode

    return read_compiled(decode(data, str(path)), path=str(path))


def source_of(path: Path, compiled: Mapping[str, Any]) -> Path:
    """The Markdown of a compiled file: the one that it names, or beside it where it names none."""
    named = compiled.get("source_md_path")
    if named is None:
        return path.with_name(path.name.removesuffix(_COMPILED_SUFFIX).removesuffix(path.suffix) + ".md")
    return as_seen_from_here(repository_of(path) / str(named))


def is_yaml(path: Path) -> bool:
    return path.suffix.lower() in _YAML


def repository_of(path: Path) -> Path:
    """The repository that the file is in; without one the working directory, or else the file's own."""
    folder, here = path.resolve().parent, Path.cwd().resolve()
    found = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
    return found or (here if folder.is_relative_to(here) else folder)


def path_in_repository(path: Path) -> str:
    """With slashes; from the top of the file system where the file is in no repository that we are in."""
    resolved, root = path.resolve(), repository_of(path)
    return (resolved.relative_to(root) if resolved.is_relative_to(root) else resolved).as_posix()


def subject_of(path: Path) -> str:
    """What the runs of a spec are about, as `Runnable.subject` has it. The Markdown need not be there any more.

    Raises:
        SpecError: a compiled file is not as the schema says.
    """
    if not is_yaml(path):
        return path_in_repository(path)
    compiled = open_compiled(path)
    return path_in_repository(path if _stands_alone(compiled) else source_of(path, compiled.document))


def _stands_alone(compiled: Compiled) -> bool:
    """An older file that does not say what it was made from."""
    return compiled.is_older and "source_md_sha256" not in compiled.document


def compiled_path_of(source: Path) -> Path:
    """Beside the Markdown."""
    return source.with_name(source.stem + _COMPILED_SUFFIX)


def check_is_here(path: Path) -> None:
    """That a file which nobody named would be written to where this command was called."""
    here = Path.cwd() / "here"
    if not path.resolve().is_relative_to(repository_of(here)):
        raise InvalidInputError(
            f"{path} is outside of this repository. Say where to write with --output.", code="unwritable-file"
        )
