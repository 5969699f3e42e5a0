"""Open a notify file: read it, and try the templates that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signoff.documents.problem import Problem, all_at_once
from signoff.errors import NotifyFileError
from signoff.notify.facts import facts_of
from signoff.notify.read import NotifyFile, Reach, read_notify
from signoff.notify.sample import sample_notice
from signoff.notify.secrets import Secrets
from signoff.notify.texts import Texts


def open_notify_file(path: Path, *, called: str, secrets: Secrets, reach: Reach | None = None) -> NotifyFile:
    """`called` is what messages call it; `reach` as for `read_notify`.

    Raises:
        NotifyFileError: with everything that is wrong, in the file or else in its templates.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise NotifyFileError(f"it cannot be read: {error.strerror}.", path=called) from None
    except UnicodeDecodeError:
        raise NotifyFileError("it is not UTF-8.", path=called, line=1) from None
    file = read_notify(text, path=called, folder=path.parent, secrets=secrets, reach=reach)
    problems: dict[str, list[Problem]] = {}
    for template, problem in Texts(file.templates).problems(_sample_facts):
        problems.setdefault(template, []).append(problem)
    if problems:
        raise all_at_once(NotifyFileError, problems)
    return file


def _sample_facts(event: str) -> Mapping[str, Any]:
    return facts_of(sample_notice("nd_sample", now=0, event=event), public_url="https://signoff.example")
