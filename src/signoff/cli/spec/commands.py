"""`signoff spec`: plans that people write in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.files import write_file
from signoff.cli.output import hint, note, say
from signoff.cli.settings_flags import DATABASE, STEPS
from signoff.cli.spec.files import (
    SpecFile,
    check_is_here,
    compile_command,
    compiled_path_of,
    is_yaml,
    open_compiled,
    open_spec,
    source_of,
)
from signoff.cli.spec.tiers import tier_defaults, tier_template
from signoff.cli.terminal import cut, is_attended, one_line, pad
from signoff.errors import InvalidInputError

if TYPE_CHECKING:
    from signoff.cli.spec.tiers import TierDefaults
    from signoff.plans.spec.diff import Difference

TIERS = ("A", "B", "C")
_FILE = click.Path(path_type=Path)
_SHOWN_WIDTH = 60
_KIND_WIDTH = len("missing")


@click.group()
def spec() -> None:
    """Write, compile and check specs: plans in Markdown with reviews at their gates."""


_NEW_EPILOG = """\b
Examples:
  signoff spec new --tier B --title "Add a health check" --owner ada --goal "Operators see that it is up"
  signoff spec new --tier A --title "Move the ledger" --output specs/move.md
"""


@spec.command("new", epilog=_NEW_EPILOG)
@click.option("--tier", type=click.Choice(TIERS, case_sensitive=False), help="How much is asked of people.")
@click.option("--title", metavar="TEXT", help="What it is called.")
@click.option("--owner", metavar="NAME", help="Whose it is.")
@click.option("--goal", metavar="TEXT", help="What shall be so when it is done.")
@click.option("--output", type=_FILE, help="The file to write; named after the title without it.")
@takes_settings("tier_defaults")
def new(call: Call, output: Path | None, **given: str | None) -> None:
    """Make a spec from its tier's template.

    What is not said is asked for on a terminal. A file that is there already is left alone.
    """
    from signoff.plans.spec.template import fill_template, slug_of

    values = _complete(call, given)
    path = output or Path(f"{slug_of(values['title'])}.md")
    if path.exists() or path.is_symlink():
        raise InvalidInputError(f"{path} is there already. Name another file with --output.", code="unwritable-file")
    text = fill_template(tier_template(values["tier"]), values)
    # What would not compile is not written.
    document = SpecFile(path, text.encode(), call.settings.tier_defaults).document
    write_file(path, text)
    call.show({"path": str(path), **_summary(document)}, lambda: _draw_new(call, path))


_COMPILE_EPILOG = """\b
Examples:
  signoff spec compile plan.md                  writes plan.compiled.yaml
  signoff spec compile plan.md --output build/plan.yaml
  signoff spec compile plan.md --check          for CI: exit 1 if the file has to be compiled again
"""


@spec.command("compile", epilog=_COMPILE_EPILOG)
@click.argument("file", type=_FILE)
@click.option("--output", type=_FILE, help="The file to write; beside the Markdown without it.")
@click.option("--check", "is_check", is_flag=True, help="Write nothing; exit 1 if the compiled file is stale.")
@takes_settings("tier_defaults")
def compile_file(call: Call, file: Path, output: Path | None, is_check: bool) -> int:
    """Compile the Markdown FILE. The same text always makes the same file; without a change nothing is written."""
    from signoff.plans.spec.emit import emit_yaml

    source = open_spec(file, call.settings.tier_defaults)
    text = emit_yaml(source.document)
    target = source.compiled_path if output is None else output
    _check_target(source, target, is_named=output is not None or is_check)
    status = _status(target, text, is_check=is_check)
    if status == "written":
        write_file(target, text)
    document = {"source": str(file), "output": str(target), "status": status, **_summary(source.document)}
    call.show(document, lambda: _draw_compiled(call, source, target, status))
    return FAILED if status == "stale" else DONE


_VALIDATE_EPILOG = """\b
Examples:
  signoff spec validate plan.md
  signoff spec validate plan.compiled.yaml --json
"""


@spec.command(epilog=_VALIDATE_EPILOG)
@click.argument("file", type=_FILE)
@takes_settings("tier_defaults")
def validate(call: Call, file: Path) -> None:
    """Check FILE, Markdown or compiled: what it compiles to, or what it is, against the published JSON Schema.

    Everything that is wrong is named with its line.
    """
    if is_yaml(file):
        compiled = open_compiled(file)
        document, kind, shape = compiled.document, "compiled", "older" if compiled.is_older else "current"
    else:
        document, kind, shape = open_spec(file, call.settings.tier_defaults).document, "markdown", "current"
        _check_schema(document, file)
    summary = {"path": str(file), "kind": kind, "shape": shape, "valid": True, **_summary(document)}
    call.show(summary, lambda: _draw_valid(file, shape, document))


_DIFF_EPILOG = """\b
Examples:
  signoff spec diff plan.md                     against plan.compiled.yaml
  signoff spec diff build/plan.yaml             against the Markdown that it names
"""


@spec.command(epilog=_DIFF_EPILOG)
@click.argument("file", type=_FILE)
@takes_settings("tier_defaults")
def diff(call: Call, file: Path) -> int:
    """What the compiled file lacks of its Markdown. FILE is either of the two; exit 1 if they differ."""
    from signoff.plans.spec.diff import differences

    compiled_path = file if is_yaml(file) else compiled_path_of(file)
    compiled = open_compiled(compiled_path).document if is_yaml(file) or compiled_path.exists() else {}
    source = open_spec(source_of(file, compiled) if is_yaml(file) else file, call.settings.tier_defaults)
    found = differences(source.document, compiled)
    document = {
        "source": str(source.path),
        "compiled": str(compiled_path),
        "differences": [_difference(one) for one in found],
    }
    call.show(document, lambda: _draw_differences(call, source, compiled_path, found))
    return FAILED if found else DONE


_DEFAULTS_EPILOG = """\b
Examples:
  signoff spec defaults
  signoff spec defaults --tier B > tiers/tier-b.yaml      a file to edit, for: tier_defaults: tiers
"""


@spec.command(epilog=_DEFAULTS_EPILOG)
@click.option("--tier", type=click.Choice(TIERS, case_sensitive=False), help="Of this tier alone.")
@takes_settings("tier_defaults")
def defaults(call: Call, tier: str | None) -> None:
    """Print what each tier asks for at its gates.

    That is a file of your own in the folder tier_defaults, or what is built in for a tier that has none there.
    """
    found = [tier_defaults(one, call.settings.tier_defaults) for one in ([tier] if tier else TIERS)]
    document = [{"path": None if one.path is None else str(one.path), "defaults": one.values} for one in found]
    call.show({"tiers": document}, lambda: _draw_defaults(found))


def _draw_defaults(found: Sequence[TierDefaults]) -> None:
    for number, one in enumerate(found):
        if number:
            say("---")
        note(f"Tier {one.values['tier']}: {one.path or 'built in'}.")
        say(one.text.rstrip())


_RUN_EPILOG = """\b
Examples:
  signoff spec run plan.md                              asks at its gates, if somebody sits here
  signoff spec run plan.compiled.yaml --answer G0=approve --answer G1=reject
  signoff spec run plan.md --step 3                     from there, if all gates before it have been passed
  signoff spec run plan.md --step 3 --override "G0 was signed on paper"
  signoff spec run plan.md --agent command --agent-command "my-agent --edit"
  signoff spec run plan.md --agent none                 shows each prompt; you do what it says

Exit codes: 0 done, 1 failed or rejected, 2 bad input, 3 waiting for a person (run it again to go on),
4 somebody else decided otherwise, 130 interrupted while a step ran.
"""


@spec.command("run", epilog=_RUN_EPILOG)
@click.argument("file", type=_FILE)
@click.option("--step", type=click.IntRange(1, 999), metavar="N", help="Start at this step.")
@click.option(
    "--answer", "answers", multiple=True, metavar="[GATE=]CHOICE", help="Answer a gate, or all (approve|reject|defer)."
)
@click.option("--rationale", metavar="TEXT", help="Why, for what --answer says.")
@click.option("--all-items", is_flag=True, help="Tick every item where --answer approves.")
@click.option("--override", metavar="REASON", help="Go past the gates before --step: a decision of its own.")
@acts
@takes_settings(*DATABASE, "tier_defaults", *STEPS)
def run_file(call: Call, file: Path, step: int | None, override: str | None, **said: Any) -> int:
    """Run the spec FILE, Markdown or compiled, to its next gate that nobody here can answer, or to its end.

    The same command goes on with a run that has not ended, also after a crash. A gate that waits can be answered from
    anywhere; this one then says by whom, and goes on.
    """
    from signoff.cli.spec.run import Wish, run_spec

    return run_spec(call, file, Wish(step, override, **said))


def _complete(call: Call, given: Mapping[str, str | None]) -> dict[str, str]:
    """Tier, title, owner and goal, as said or as asked for.

    Raises:
        InvalidInputError: something is missing, and nobody is there to be asked.
    """
    values = {name: value.strip() for name, value in given.items() if value and value.strip()}
    missing = [name for name in ("tier", "title", "owner", "goal") if name not in values]
    if missing and (call.is_json or not is_attended()):
        flags = ", ".join(f"--{name}" for name in missing)
        raise InvalidInputError(
            f"There is no terminal to ask at, and not said is: {flags}.", code="usage", details={"missing": missing}
        )
    for name in missing:
        values[name] = _ask(name, call.actor)
    return values


def _ask(name: str, actor: str) -> str:
    import questionary

    from signoff.cli.console.leaving import ask_or_leave

    if name == "tier":
        asked = questionary.select("Tier", choices=list(TIERS), default="B")
    else:
        asked = questionary.text(
            name.capitalize(),
            default=actor if name == "owner" else "",
            validate=lambda text: bool(text.strip()) or "Say something.",
        )
    answer: str = ask_or_leave(asked)
    return answer.strip()


def _check_target(source: SpecFile, target: Path, *, is_named: bool) -> None:
    if target.resolve() == source.path.resolve():
        raise InvalidInputError(f"{target} is the Markdown itself; it would be lost.", code="usage")
    if not is_named:
        check_is_here(target)


def _status(target: Path, text: str, *, is_check: bool) -> str:
    """`unchanged`, or `written` (`stale` where nothing may be)."""
    try:
        is_same = target.read_bytes() == text.encode()
    except OSError:
        is_same = False
    if is_same:
        return "unchanged"
    return "stale" if is_check else "written"


def _check_schema(document: dict[str, Any], file: Path) -> None:
    from signoff.documents.problem import Problem
    from signoff.documents.yaml_text import YamlText
    from signoff.plans.spec.problem import spec_error
    from signoff.plans.spec.schema import check_shape

    problems: list[Problem] = []
    check_shape(YamlText(document), document, "compiled", problems)
    if problems:
        raise spec_error(problems, str(file))


def _summary(document: Mapping[str, Any]) -> dict[str, Any]:
    refs = [step["gate_ref"] for step in document["plan"] if step["gate_ref"]]
    return {
        "tier": document["tier"],
        "title": document["title"],
        "steps": len(document["plan"]),
        "gates": list(dict.fromkeys(ref.partition(":")[0] for ref in refs)),
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {"kind": one.kind, "path": one.path, "inMarkdown": one.in_markdown, "inCompiled": one.in_compiled}


def _draw_new(call: Call, path: Path) -> None:
    say(f"{path} is made. Fill in what is quoted and ___, then:")
    hint(compile_command(path, compiled_path_of(path), call.settings.tier_defaults))


def _draw_compiled(call: Call, source: SpecFile, target: Path, status: str) -> None:
    words = {
        "written": f"{target} is written",
        "unchanged": f"{target} is as it should be",
        "stale": f"{target} is not what {source.path} says now",
    }
    say(f"{words[status]}: {_told(source.document)}.", **({"fg": "red"} if status == "stale" else {}))
    if status == "stale":
        hint(f"Compile it again: {compile_command(source.path, target, call.settings.tier_defaults)}")
    if source.spec.other_sections:
        note(f"For readers only, and not compiled: {', '.join(map(one_line, source.spec.other_sections))}.")


def _draw_valid(file: Path, shape: str, document: Mapping[str, Any]) -> None:
    older = " (in the older shape; compile it again)" if shape == "older" else ""
    say(f"ok: {file}{older}: {_told(document)}.")


def _told(document: Mapping[str, Any]) -> str:
    summary = _summary(document)
    steps = f"{summary['steps']} step{'' if summary['steps'] == 1 else 's'}"
    gates = f"gates {', '.join(summary['gates'])}" if summary["gates"] else "no gates"
    return f"tier {summary['tier']}, {steps}, {gates}"


def _draw_differences(call: Call, source: SpecFile, target: Path, found: Sequence[Difference]) -> None:
    for one in found:
        values = [value for value in (one.in_markdown, one.in_compiled) if value is not None]
        shown = " instead of ".join(repr(cut(one_line(_brief(value)), _SHOWN_WIDTH)) for value in reversed(values))
        say(f"{pad(one.kind, _KIND_WIDTH)}  {one_line(one.path)}  {shown}")
    if found:
        hint(f"Compile it again: {compile_command(source.path, target, call.settings.tier_defaults)}")
    else:
        say("The compiled file says what the Markdown says.")


def _brief(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(value)
    return f"{len(value)} entries" if isinstance(value, list) else str(value)
