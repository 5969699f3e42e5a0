"""An agent that needs no model: recorded answers to the prompts of specs.

A recording is a JSON file `{prompt, says, files}`: the text of the prompt, what is said, and by path what is written to
the repository. It is found by the digest of its prompt. Without a recording nothing is written.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from signoff.app.steps import Show, StepContext, StepResult
from signoff.errors import InvalidInputError, StepFailedError
from signoff.gates.digest import digest_of, parse_json
from signoff.runners.excerpt import to_artifact
from signoff.runners.spec.inside import place_inside


class ReplayStepAgent:
    """Recordings are read once, from `folder`; `directory` is the signoff directory, which none may write to.

    Raises:
        InvalidInputError: (`invalid-recording`) the folder cannot be read, or a file in it is no recording.
    """

    def __init__(self, folder: Path | None, directory: Path) -> None:
        self._recordings = {} if folder is None else _read_recordings(folder)
        self._directory = directory.resolve()

    def carry_out(self, context: StepContext, root: Path, show: Show) -> StepResult:
        """See `StepAgent.carry_out`; the output is `{agent: "replay", recorded, files?}`."""
        recording = self._recordings.get(digest_of(context.params["prompt"]))
        if recording is None:
            return StepResult({"agent": "replay", "recorded": False})
        says, files = recording["says"], recording["files"]
        # All are looked at before the first is written, so that a recording is played whole or not at all.
        places = {place_inside(root, path, hidden=self._directory): text for path, text in files.items()}
        for place, text in places.items():
            write_recorded(place, text, root)
        show(says.encode())
        output = {"agent": "replay", "recorded": True, "files": sorted(files)}
        return StepResult(output, (to_artifact("said", says),) if says else ())


def write_recorded(place: Path, text: str, root: Path) -> None:
    """All of it or nothing; a link that came there in the meantime is replaced, not followed."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".replay-", dir=place.parent) as folder:
            draft = Path(folder) / "draft"
            draft.write_bytes(text.encode())
            draft.replace(place)
    except OSError as error:
        path = str(place.relative_to(root))
        message = f"The recording cannot write {path!r}: {error.strerror}."
        raise StepFailedError(message, details={"path": path}) from None


def _read_recordings(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        found = sorted(folder.glob("*.json"))
        texts = {path.name: path.read_bytes() for path in found}
    except OSError as error:
        raise _refused(str(folder), f"it cannot be read: {error.strerror}") from None
    if not folder.is_dir():
        raise _refused(str(folder), "there is no such folder")
    recordings = [_read_recording(name, text) for name, text in texts.items()]
    return {digest_of(recording["prompt"]): recording for recording in recordings if recording is not None}


def _read_recording(name: str, text: bytes) -> dict[str, Any] | None:
    """None for one of an agent of a story, which may lie in the same folder."""
    try:
        recording = parse_json(text)
    except InvalidInputError as error:
        raise _refused(name, error.message.removesuffix(".")) from None
    if isinstance(recording, dict) and "agent" in recording:
        return None
    if not isinstance(recording, dict) or recording.keys() != {"prompt", "says", "files"}:
        raise _refused(name, "it must be an object with the members 'prompt', 'says' and 'files'")
    files = recording["files"]
    texts = [recording["prompt"], recording["says"], *(files.values() if isinstance(files, dict) else [None])]
    if not all(isinstance(one, str) for one in texts):
        raise _refused(name, "'prompt' and 'says' are texts, and 'files' has a text for each path")
    return recording


def _refused(what: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"The recording {what!r} cannot be taken: {why}.", code="invalid-recording")
