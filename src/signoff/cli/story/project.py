"""The project that a story is in: its repository, where it keeps things, its backlog and its state file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from signoff.cli.files import as_seen_from_here, read_file
from signoff.errors import InvalidInputError
from signoff.stories.backlog import BACKLOG, COMPLETE, Story, check_named_once, current_sprint, finished_stories
from signoff.stories.core_config import CoreConfig, read_core_config
from signoff.stories.state import PipelineState, Stage

CONFIGS = (Path(".bmad-core/core-config.yaml"), Path("core-config.yaml"))
STATES = (Path(".bmad-core/state/pipeline-state.json"), Path("pipeline-state.json"))


@dataclass(frozen=True)
class Project:
    """Paths are absolute; `backlog` is None where there is none."""

    root: Path
    config: CoreConfig
    state_file: Path
    backlog: Path | None

    def about(self, story: Story) -> dict[str, str]:
        """What the plan of a story is about."""
        return {
            "storyId": story.id,
            "title": story.title or f"Story {story.id}",
            "epicId": story.id.partition(".")[0] if "." in story.id else "",
            "root": str(self.root),
            "stateFile": str(self.state_file),
            "backlog": "" if self.backlog is None else self.backlog.relative_to(self.root).as_posix(),
            "stories": self.config.stories,
            "qaGates": self.config.qa_gates,
            "config": json.dumps(self.config.values, ensure_ascii=False, default=str),
        }

    def choose(self, story_id: str | None, state: PipelineState | None) -> Story:
        """The story of this id, or the first that the current sprint has in its backlog.

        Raises:
            InvalidInputError: (`unknown-story`, `story-complete`, `dependencies-unfinished`) it cannot be started.
            DocumentError: (`duplicate-story`) nobody knows how far it is.
        """
        if self.backlog is None:
            if story_id is None:
                where = self.root / self.config.backlog
                raise InvalidInputError(
                    f"There is no backlog at {where}. Name it with --backlog, or name the story.", code="no-backlog"
                )
            return Story(story_id, "", None)
        text = read_file(self.backlog).decode("utf-8", errors="surrogateescape")
        story = _chosen(current_sprint(text), story_id, self.backlog)
        check_named_once(text, story.id, path=str(self.backlog))
        if story.state == COMPLETE:
            raise InvalidInputError(f"Story {story.id} is complete.", code="story-complete")
        _check_dependencies(story, finished_stories(text), state)
        return story


def open_project(config: Path | None, backlog: Path | None, state: Path | None) -> Project:
    """
    Raises:
        InvalidInputError: (`no-repository`) we are in none; `unreadable-file`; (`outside-repository`) the backlog is.
        DocumentError: (`invalid-core-config`).
    """
    root = _repository()
    core = _core_config(root, config)
    found = backlog or root / core.backlog
    if backlog is not None:
        read_file(backlog)
    place = found.resolve()
    if backlog is not None and not place.is_relative_to(root):
        raise InvalidInputError(f"{backlog} is outside of the repository {root}.", code="outside-repository")
    return Project(root, core, state_file_in(root, state), place if place.is_file() else None)


def state_file_in(root: Path, state: Path | None) -> Path:
    """The file that was named, or the first place where pipelines keep it."""
    if state is not None:
        return state.resolve()
    return next((root / path for path in STATES if (root / path).exists()), root / STATES[0]).resolve()


def state_file_here() -> Path:
    """Where pipelines keep it, in the nearest folder from here up to the repository that has one."""
    root, here = repository_here(), Path.cwd().resolve()
    folders = [one for one in (here, *here.parents) if root is not None and one.is_relative_to(root)] or [here]
    found = (folder / path for folder in folders for path in STATES if (folder / path).exists())
    return as_seen_from_here(next(found, folders[-1] / STATES[0]))


def repository_here() -> Path | None:
    return repository_of(Path.cwd())


def repository_around(state_file: Path) -> Path | None:
    """The repository that a state file is in, else the one that we are in."""
    return repository_of(state_file.resolve().parent) or repository_here()


def repository_of(folder: Path) -> Path | None:
    """The repository that a folder is in."""
    inner = folder.resolve()
    return next((one for one in (inner, *inner.parents) if (one / ".git").exists()), None)


def _repository() -> Path:
    root = repository_here()
    if root is None:
        raise InvalidInputError("A story is run in a git repository, and this is none.", code="no-repository")
    return root


def _core_config(root: Path, config: Path | None) -> CoreConfig:
    path = config or next((root / path for path in CONFIGS if (root / path).exists()), None)
    if path is None:
        return CoreConfig()
    return read_core_config(read_file(path).decode("utf-8", errors="replace"), path=str(path))


def _chosen(sprint: list[Story] | None, story_id: str | None, backlog: Path) -> Story:
    if sprint is None:
        raise InvalidInputError(f"{backlog} has no table of stories under 'Current Sprint'.", code="no-backlog")
    wanted = (one for one in sprint if (one.state == BACKLOG if story_id is None else one.id == story_id))
    story = next(wanted, None)
    if story is None:
        what = "no story is marked backlog" if story_id is None else f"there is no story {story_id}"
        known = ", ".join(one.id for one in sprint) or "none"
        raise InvalidInputError(f"In the current sprint of {backlog} {what}; it has {known}.", code="unknown-story")
    return story


def _check_dependencies(story: Story, finished: frozenset[str], state: PipelineState | None) -> None:
    """The state file knows better than the backlog how far a story is, where it has it."""
    stages = {} if state is None else {one.id: one.stage for one in state.stories.values()}
    done = {*finished, *(id_ for id_, stage in stages.items() if stage is Stage.COMPLETE)}
    under_way = {id_ for id_, stage in stages.items() if stage not in (None, Stage.COMPLETE)}
    unfinished = [one for one in story.depends_on if one not in done or one in under_way]
    if unfinished:
        raise InvalidInputError(
            f"Story {story.id} depends on what is not finished: {', '.join(unfinished)}.",
            code="dependencies-unfinished",
            details={"story": story.id, "unfinished": unfinished},
        )
