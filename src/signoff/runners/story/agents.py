"""Who does a story's work: recordings, any program, or a person. Each is asked and answers in the same form."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from signoff.app.steps import Artifact, Attend, Show, StepContext
from signoff.errors import InvalidInputError, StepFailedError
from signoff.gates.digest import parse_json
from signoff.gates.keys import check_workflow_id
from signoff.runners.excerpt import one_line, to_artifact
from signoff.runners.failure import artifacts_of, check_success
from signoff.runners.process import Limits, inherited_environment, run_program
from signoff.runners.spec.inside import place_inside
from signoff.runners.spec.replay import write_recorded
from signoff.runners.story.answers import ROLES, check_answer, read_answer
from signoff.runners.story.asked import Asked, prompt_of

ANSWERS = "answers"

Answer = tuple[dict[str, Any], tuple[Artifact, ...]]


class StoryAgent(Protocol):
    """Does what is asked in the repository `root`; the answer as in `answers.FORMS`, and what is to be kept.

    Raises:
        StepFailedError: it did not succeed, or the answer cannot be taken.
    """

    def work(self, asked: Asked, context: StepContext, root: Path, show: Show) -> Answer: ...


class CommandStoryAgent:
    """Runs `argv` in the repository, for at most `timeout_s` seconds and `output_bytes_max` bytes a stream.

    The prompt goes to its stdin. `STORY_AGENT` and `STORY_ID` in its environment say who is asked about what, for
    programs that would not read a prompt.
    """

    def __init__(self, argv: Sequence[str], timeout_s: float, output_bytes_max: int) -> None:
        self._argv = tuple(argv)
        self._limits = Limits(timeout_s, output_bytes_max)

    def work(self, asked: Asked, context: StepContext, root: Path, show: Show) -> Answer:
        """See `StoryAgent.work`."""
        # Found from where the worker is: the program of an agent is named there, and the repository is elsewhere.
        program = shutil.which(self._argv[0]) or self._argv[0]
        outcome = run_program(
            [str(Path(program).absolute()) if "/" in program else program, *self._argv[1:]],
            self._limits,
            stdin=prompt_of(asked).encode(),
            cwd=root,
            env={**inherited_environment(), "STORY_AGENT": asked.role, "STORY_ID": str(asked.facts["storyId"])},
            is_cancelled=context.is_cancelled,
            on_output=show,
        )
        artifacts = artifacts_of(outcome, stdout="said")
        check_success(f"The agent {asked.role} ({one_line(self._argv[0], 200)!r})", outcome, self._limits, artifacts)
        try:
            return read_answer(asked.role, outcome.stdout), artifacts
        except StepFailedError as error:
            # Whoever repairs the agent needs what it said, whole.
            raise StepFailedError(error.message, code=error.code, details=error.details, artifacts=artifacts) from None


class ReplayStoryAgent:
    """Plays recordings, read once from `folder`; `directory` is the signoff directory, which none may write to.

    A recording is a JSON file `{story, agent, answer, files, number?}`: what is answered, and by path what is written
    to the repository. `number` says which time is meant that this agent is asked, from 1; without it every time.

    Raises:
        InvalidInputError: (`invalid-recording`) the folder cannot be read, or a file in it is no recording.
    """

    def __init__(self, folder: Path | None, directory: Path) -> None:
        self._recordings = {} if folder is None else _read_recordings(folder)
        self._folder = folder
        self._directory = directory.resolve()

    def work(self, asked: Asked, context: StepContext, root: Path, show: Show) -> Answer:
        """See `StoryAgent.work`."""
        story = str(asked.facts["storyId"])
        recording = self._recordings.get((story, asked.role, asked.number)) or self._recordings.get(
            (story, asked.role, None)
        )
        if recording is None:
            where = "name a folder with --replay-dir" if self._folder is None else f"{self._folder} has none"
            raise StepFailedError(
                f"There is no recording of the agent {asked.role} for story {story}, time {asked.number}: {where}, or "
                "have a program do it with --agent command.",
                code="no-recording",
                details={"agent": asked.role, "story": story, "number": asked.number},
            )
        # All are looked at before the first is written, so that a recording is played whole or not at all.
        places = {place_inside(root, path, hidden=self._directory): text for path, text in recording["files"].items()}
        for place, text in places.items():
            write_recorded(place, text, root)
        show("".join(f"{path}\n" for path in recording["files"]).encode())
        return recording["answer"], ()


class PersonStoryAgent:
    """A person does the work, and says what came of it in a file that is there for them to fill in.

    Where nobody can be asked, and the file has not been filled in, the step fails and says where the file is.
    """

    def __init__(self, directory: Path, attend: Attend | None = None) -> None:
        self._directory = directory
        self._attend = attend

    def work(self, asked: Asked, context: StepContext, root: Path, show: Show) -> Answer:
        """See `StoryAgent.work`."""
        path = self._path(context, asked)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.write_text("", "utf-8")
        show(f"{prompt_of(asked)}\nWrite the answer to {path}\n".encode())
        said = path.read_bytes()
        if not said.strip() and self._attend is not None:
            self._attend(f"{asked.title} (answer in {path})", prompt_of(asked))
            said = path.read_bytes()
        if not said.strip():
            raise StepFailedError(
                f"There is no agent, and nobody has said what came of {asked.title}: write it to {path}.",
                code="no-answer",
                details={"agent": asked.role, "path": str(path)},
            )
        return read_answer(asked.role, said), (to_artifact("said", said),)

    def _path(self, context: StepContext, asked: Asked) -> Path:
        # A run's id has no slash and starts with a letter or digit, so it cannot lead out of the folder.
        return self._directory / ANSWERS / check_workflow_id(context.run_id) / f"{asked.role}.{asked.number}.json"


_Key = tuple[str, str, int | None]


def _read_recordings(folder: Path) -> dict[_Key, Mapping[str, Any]]:
    if not folder.is_dir():
        raise _refused(str(folder), "there is no such folder")
    try:
        texts = {path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))}
    except OSError as error:
        raise _refused(str(folder), f"it cannot be read: {error.strerror}") from None
    recordings = [_read_recording(name, text) for name, text in texts.items()]
    return {(one["story"], one["agent"], one.get("number")): one for one in recordings if one is not None}


def _read_recording(name: str, text: bytes) -> dict[str, Any] | None:
    """None for one of a spec's prompt, which may lie in the same folder."""
    try:
        recording = parse_json(text)
    except InvalidInputError as error:
        raise _refused(name, error.message.removesuffix(".")) from None
    if isinstance(recording, dict) and "prompt" in recording:
        return None
    members = {"story", "agent", "answer", "files"}
    if not isinstance(recording, dict) or not members <= recording.keys() <= {*members, "number"}:
        raise _refused(name, f"it must be an object with the members {', '.join(sorted(members))}")
    files = recording["files"]
    if not isinstance(files, dict) or not all(isinstance(one, str) for one in files.values()):
        raise _refused(name, "'files' has a text for each path")
    if recording["agent"] not in ROLES or not isinstance(recording["story"], str):
        raise _refused(name, f"'story' is a text, and 'agent' one of {', '.join(ROLES)}")
    try:
        return {**recording, "answer": check_answer(recording["agent"], recording["answer"])}
    except StepFailedError as error:
        raise _refused(name, error.message.removesuffix(".")) from None


def _refused(what: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"The recording {what!r} cannot be taken: {why}.", code="invalid-recording")
