"""`signoff story status`: where a story stands, as the ledger has it; else as its state file says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.output import counted, hint, say
from signoff.cli.settings_flags import DATABASE
from signoff.cli.terminal import one_line
from signoff.errors import NotFoundError

if TYPE_CHECKING:
    from signoff.plans.run import Run
    from signoff.stories.state import PipelineState

_EPILOG = """\b
Examples:
  signoff story status
  signoff story status 4.5 --json
  signoff story status --update              the state file too, where a worker elsewhere did the work
"""


@click.command(epilog=_EPILOG)
@click.argument("story_id", required=False, metavar="[ID]")
@click.option("--state", type=click.Path(path_type=Path), metavar="FILE", help="The state file.")
@click.option("--update", is_flag=True, help="Bring the state file up to date with the ledger.")
@takes_settings(*DATABASE)
def status(call: Call, story_id: str | None, state: Path | None, update: bool) -> None:
    """Show where the story ID stands, the last one that was started without it, and what it waits for."""
    from signoff.cli.story.project import repository_here, state_file_in

    root = repository_here() or Path.cwd()
    call, state_file = call.at(root), state_file_in(root, state)
    run, shown, is_behind = _look(call, state_file, story_id, update=update)
    document = _document(state_file, shown, run, story_id, is_behind=is_behind)
    call.show(document, lambda: _draw(call, document))


def _look(
    call: Call, state_file: Path, story_id: str | None, *, update: bool
) -> tuple[Run | None, PipelineState, bool]:
    """The run, what the file has to say of it, and whether the file says something else."""
    from signoff.app.project_story import project_story
    from signoff.app.start_story import runs_of_state_file
    from signoff.cli.own_ledger import own_ledger
    from signoff.runners.story.projected import write_projection
    from signoff.runners.story.state_file import StateFile
    from signoff.stories.state import PipelineState

    is_there = state_file.exists()
    told = StateFile(state_file).read() if is_there else PipelineState({})
    try:
        with own_ledger(call) as world:
            runs = runs_of_state_file(world, str(state_file), story_id=story_id)
            project = project_story(world, runs[0].workflow_id) if runs else None
    except NotFoundError as error:
        if error.code != "no-ledger" or not is_there:
            raise
        runs, project = [], None
    if project is None:
        if not is_there or (story_id is not None and story_id not in told.stories):
            of = "of any story" if story_id is None else f"of story {story_id}"
            raise NotFoundError(f"There is no run {of} with the state file {state_file}.", code="no-story-run")
        return None, told, False
    shown = project(told)
    is_newest = story_id is None or not told.current_story or told.current_story == story_id
    if update and is_newest:
        write_projection(state_file, project)
    return runs[0], shown, is_newest and not update and shown != told


def _document(
    state_file: Path, shown: PipelineState, run: Run | None, story_id: str | None, *, is_behind: bool
) -> dict[str, Any]:
    wanted = story_id or shown.current_story or ""
    story = shown.stories.get(wanted)
    raw = {} if story is None else story.raw
    is_current = wanted == shown.current_story
    data = shown.raw.get("checkpointData") or shown.pipeline.get("checkpointData") or {}
    return {
        "story": wanted,
        **{name: raw.get(name) for name in ("title", "state", "storyFile", "qaGate", "qaGateFile", "iterations")},
        "pipeline": {
            name: shown.pipeline.get(name) if is_current else None
            for name in ("status", "phase", "checkpoint", "startedAt", "completedAt", "error")
        },
        "workflowID": None if run is None else run.workflow_id,
        "runStatus": None if run is None else run.status.value,
        "gateKey": (data.get("signoff") or {}).get("gateKey") if is_current else None,
        "stateFile": str(state_file),
        "isBehind": is_behind,
    }


def _draw(call: Call, document: dict[str, Any]) -> None:
    pipeline = document["pipeline"]
    say(one_line(f"Story {document['story']}: {document['title'] or ''}"), bold=True)
    words = [f"{name} {pipeline[name]}" for name in ("status", "phase", "checkpoint") if pipeline[name]]
    say(f"  {document['state'] or 'not known'} ({', '.join(words) or 'no pipeline is under way'})")
    for name in ("storyFile", "qaGate", "qaGateFile"):
        if document[name]:
            say(f"  {name}: {one_line(str(document[name]))}")
    if document["iterations"]:
        say(f"  {counted(document['iterations'], 'round')} of fixes")
    if pipeline["error"]:
        say(f"  {one_line(str(pipeline['error']))}", fg="red")
    if document["workflowID"]:
        say(f"  run {document['workflowID']} ({document['runStatus']})")
    if document["gateKey"]:
        hint(f"Answer: {call.again('story', 'checkpoint', '--state=' + document['stateFile'])}")
    if document["isBehind"]:
        hint(f"The state file is behind the ledger: {call.again('story', 'status', '--update')}")
