"""`signoff story start` and `resume`: a story's run, with a worker in the command itself.

The run is one like any other: its checkpoints can be answered from anywhere, and whichever worker is on the ledger
performs its steps. These commands show what happens, ask where somebody sits, and keep the state file up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call, acts, takes_settings
from signoff.cli.settings_flags import DATABASE

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.cli.story.answers import Answers
    from signoff.plans.run import Run

_AGENT = ("agent", "agent_command", "agent_timeout_s", "agent_output_bytes_max", "replay_dir")
_FILE = click.Path(path_type=Path)

_EPILOG = """\b
Examples:
  signoff story start --agent command --agent-command "my-agent"    the first story of the current sprint's backlog
  signoff story start 4.5 --agent none                              you do the work; you are told what
  signoff story start 4.5 --replay-dir recordings --answer po=approve --answer qa=fix --answer qa=approve
  signoff story start --backlog docs/backlog.md --config docs/core-config.yaml --state build/pipeline-state.json

Exit codes: 0 committed, 1 failed or aborted, 2 bad input, 3 waiting for a person (answer with `story checkpoint`, go on
with `story resume`), 4 somebody else decided otherwise, 130 interrupted while an agent worked.
"""
_RESUME_EPILOG = """\b
Examples:
  signoff story resume                         the story that was started last
  signoff story resume 4.5 --answer qa=approve
"""


@dataclass(frozen=True)
class Said:
    """What the command line says at checkpoints."""

    answers: Sequence[str]
    rationale: str | None

    def read(self) -> Answers:
        from signoff.cli.story.answers import read_answers

        return read_answers(self.answers, self.rationale)


_STATE = click.option(
    "--state", type=_FILE, metavar="FILE", help="The state file; .bmad-core/state/pipeline-state.json without it."
)
_ANSWER = click.option(
    *("--answer", "answers"),
    multiple=True,
    metavar="[CHECKPOINT=]CHOICE",
    help="Answer po, qa or commit, or all, once; several for one are said one after the other.",
)
_RATIONALE = click.option("--rationale", metavar="TEXT", help="Why, for what --answer says.")


@click.command(epilog=_EPILOG)
@click.argument("story_id", required=False, metavar="[ID]")
@click.option("--backlog", type=_FILE, metavar="FILE", help="The backlog, with a table under 'Current Sprint'.")
@_STATE
@_ANSWER
@_RATIONALE
@acts
@takes_settings(*DATABASE, *_AGENT)
def start(
    call: Call, story_id: str | None, backlog: Path | None, state: Path | None, answers: Sequence[str], rationale: str
) -> int:
    """Run the story ID, or the first in the current sprint's backlog, to its next checkpoint that nobody here can
    answer, or to its commit.

    Agents draft, validate, implement and review; a person decides at three checkpoints. Interrupted or killed, it goes
    on with `story resume`.
    """
    from signoff.cli.own_ledger import check_own
    from signoff.cli.story.project import open_project, repository_here
    from signoff.runners.story.state_file import StateFile

    core_config = call.flags["config"]
    call = replace(call, flags={**call.flags, "config": None}).at(repository_here() or Path.cwd())
    check_own(call)
    project = open_project(None if core_config is None else Path(core_config), backlog, state)
    said = Said(answers, rationale).read()
    told = StateFile(project.state_file).read() if project.state_file.exists() else None
    story = project.choose(story_id, told)

    def begin(world: World) -> Run:
        from signoff.app.sign_in import act_as
        from signoff.app.start_story import check_free, start_story
        from signoff.plans.story import plan_of_story
        from signoff.stories.asking import CHECKPOINT_TTL_S

        check_free(world, told, str(project.state_file))
        plan = plan_of_story(project.about(story), ttl_s=CHECKPOINT_TTL_S)
        return start_story(world, plan, actor=act_as(world, call.actor))

    from signoff.cli.story.follow import check_agent, follow_story

    check_agent(call.settings)
    return follow_story(call, project.state_file, said, begin, creates=True, is_resumed=False)


@click.command(epilog=_RESUME_EPILOG)
@click.argument("story_id", required=False, metavar="[ID]")
@_STATE
@_ANSWER
@_RATIONALE
@acts
@takes_settings(*DATABASE, *_AGENT)
def resume(call: Call, story_id: str | None, state: Path | None, answers: Sequence[str], rationale: str) -> int:
    """Go on with a story that stopped: at a checkpoint, when it was interrupted, or because something failed.

    At the first checkpoint the story's file is read again: where it has changed, what was shown is withdrawn and asked
    anew. After an aborted commit, or a step that failed, it goes on from there.
    """
    from signoff.cli.own_ledger import check_own
    from signoff.cli.story.follow import check_agent, follow_story
    from signoff.cli.story.project import repository_here, state_file_in

    root = repository_here() or Path.cwd()
    call = call.at(root)
    check_own(call)
    state_file = state_file_in(root, state)
    said = Said(answers, rationale).read()

    def find(world: World) -> Run:
        from signoff.cli.story.resumption import go_on, run_to_resume

        run = run_to_resume(world, str(state_file), story_id)
        check_agent(call.settings)
        return go_on(world, run, actor=call.actor)

    return follow_story(call, state_file, said, find, creates=False, is_resumed=True)


def _takes_core_config(command: click.Command) -> None:
    """Here `--config` is what it is called in the project."""
    option = next(one for one in command.params if one.name == "config")
    assert isinstance(option, click.Option)  # noqa: S101 - `takes_settings` made it
    option.help = "The project's core-config.yaml; .bmad-core/core-config.yaml without it."


_takes_core_config(start)
