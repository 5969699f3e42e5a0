"""What people write programs with: open a gate, wait for it, answer it."""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from signoff.clock import new_ulid
from signoff.errors import InvalidInputError
from signoff.gates.digest import digest_of
from signoff.gates.gate import State
from signoff.gates.principal import ANONYMOUS
from signoff.sdk.backend import Backend, Wire, open_backend
from signoff.sdk.gate import Gate
from signoff.sdk.receipt import Receipt, read_receipt
from signoff.settings import Settings, load
from signoff.settings.token_file import with_token

if TYPE_CHECKING:
    from signoff.app.world import World

TTL_S_DEFAULT = 86_400
PAGE = 200


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002 - the setting's name
    database_url: str | None = None,
    actor: str | None = None,
) -> Client:
    """A client of the server at `url`, else at SIGNOFF_URL, else of the embedded ledger in `.signoff`, which is made
    where there is none. `dir` or `database_url` choose a ledger at hand. `actor` is who acts, by default who runs this;
    at a server with a token that is whoever the token is of.

    Raises:
        InvalidInputError, LedgerUnavailableError, SchemaVersionError.
    """
    settings = _settings(url, token, dir, database_url)
    is_signed_in = settings.url is not None and settings.token is not None
    return Client(settings, actor=_user_name() if actor is None and not is_signed_in else actor)


class Client:
    """A connection; close it, or use it as a context manager. Safe to use from several threads. `actor` is None where
    only the server knows whose token it was given."""

    def __init__(self, settings: Settings, *, actor: str | None) -> None:
        self._stack = ExitStack()
        self._backend: Backend = self._stack.enter_context(open_backend(settings, creates=True, actor=actor))
        # Behind a token stands somebody else than behind another, whatever this machine calls its user.
        person = str(actor) if settings.token is None else hashlib.sha256(settings.token.encode()).hexdigest()
        self._person = person
        self.actor = actor

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()

    def at_hand(self) -> World:
        """The ledger that this client is of, for what only somebody at the ledger itself can do.

        Raises:
            InvalidInputError: (`ledger-needed`) the client is of a server.
        """
        from signoff.sdk.ledger_backend import LedgerBackend

        if isinstance(self._backend, LedgerBackend):
            return self._backend.world
        raise InvalidInputError(
            "This takes a client of the ledger itself, not of a server: connect with dir= or database_url=.",
            code="ledger-needed",
        )

    def open_gate(
        self,
        workflow_id: str,
        key: str,
        title: str,
        *,
        body: str | None = None,
        payload: Any = None,
        choices: Sequence[Mapping[str, str]] | None = None,
        checklist: Sequence[Mapping[str, Any]] | None = None,
        form: Sequence[Mapping[str, Any]] | None = None,
        evidence: Sequence[Mapping[str, str]] | None = None,
        requirement: Mapping[str, Any] | None = None,
        ttl_s: int = TTL_S_DEFAULT,
        requested_by: str | None = None,
        risk_level: str | None = None,
        on_decision: Mapping[str, Any] | None = None,
    ) -> Gate:
        """Open a gate, or find it again: the same workflow and key with the same content is the same gate.

        Args:
            body: Markdown. payload: what an approval lets happen; the digest covers it.
            choices: `{key, label, effect}` each, the effect one of approve, reject, fix, hold; without any yes and no.
            checklist: `{category, items: [{id, text, checked}]}` each. form: `{k, t, vs?, opt?, title?}` each.
            evidence: `{title, uri, sha256?}` each.
            requirement: `{needs: [{any_of: [role], count}], distinctPeople, notRequester, justification, allItems,
                notBy: [name]}`.
            on_decision: `{kind: none|message|callback, url?, topic?}`.

        Raises:
            InvalidInputError: nothing was written. ConflictError: (`gate-exists`) it is there with other content.
        """
        members = {"body": body, "choices": choices, "checklist": checklist, "evidence": evidence}
        prompt = {"title": title, **{name: _plain(value) for name, value in members.items() if value is not None}}
        if form is not None:
            prompt["formSchema"] = {"v": 1, "title": title.strip(), "fields": _plain(form)}
        request: Wire = {"workflowId": workflow_id, "gateKey": key, "prompt": prompt, "ttlS": ttl_s}
        extras = {
            "payload": payload,
            "requirement": requirement,
            "requestedBy": requested_by,
            "riskLevel": risk_level,
            "onDecision": on_decision,
        }
        request.update({name: _plain(value) for name, value in extras.items() if value is not None})
        view = self._backend.open_gate(request)
        return Gate(self._backend, {name: value for name, value in view.items() if name != "isReplay"})

    def gate(self, workflow_id: str, key: str) -> Gate:
        """
        Raises:
            NotFoundError: `run-not-found` or `gate-not-found`.
        """
        return Gate(self._backend, self._backend.gate(workflow_id, key))

    def gates(
        self, *, state: str | None = State.PENDING.value, role: str | None = None, risk: str | None = None
    ) -> Iterator[Gate]:
        """The inbox, soonest deadline first, read page by page; with `state=None` every gate."""
        cursor: str | None = None
        while True:
            found, cursor = self.page(state, role, risk, PAGE, cursor)
            yield from found
            if cursor is None:
                return

    def page(
        self, state: str | None, role: str | None, risk: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Gate], str | None]:
        """One page of the inbox, and the cursor of the next one, None on the last."""
        found = self._backend.gates(state, role, risk, limit, cursor)
        return [Gate(self._backend, view) for view in found["items"]], found["nextCursor"]

    def reply(
        self,
        workflow_id: str,
        key: str,
        choice: str,
        *,
        rationale: str | None = None,
        conditions: Sequence[str] = (),
        checklist: Mapping[str, bool] | None = None,
        fields: Mapping[str, Any] | None = None,
        dedupe_key: str | None = None,
        prompt_digest: str | None = None,
    ) -> Receipt:
        """Answer a gate. The same answer again gets the same receipt; `prompt_digest` names what was seen.

        Raises:
            InvalidInputError, NotFoundError, NotEntitledError, ConflictError: nothing was written.
            GateFinalError: the gate was decided before or has ended; carries that receipt.
        """
        view = self._backend.gate(workflow_id, key)
        payload: Wire = {"choice": choice, **(fields or {})}
        said = {"rationale": rationale, "conditions": list(conditions) or None, "checklist": checklist}
        payload.update({name: value for name, value in said.items() if value is not None})
        body = {"payload": payload, "dedupeKey": dedupe_key or self._dedupe_key(view, payload), "origin": "sdk"}
        if prompt_digest is not None:
            body["promptDigest"] = prompt_digest
        return read_receipt(self._backend.reply(workflow_id, key, body)["receipt"], view["prompt"])

    def assess(self, task: Mapping[str, Any]) -> Wire:
        """How risky a task is under the policy in force; nothing is written.

        Args:
            task: `{operation, environment, resource_type, description, estimated_cost, security_findings:
                [{severity}], data_sensitive, target_branch, changes_permissions, trigger, ...}`; any may be left out.

        Returns:
            `{risk_level, risk_score, reasons: [{rule, because}], requirement, auto_approve, ...}`: the score is 0 to
            10, `requirement` None where nobody is asked.

        Raises:
            InvalidInputError: (`invalid-task`). PolicyError: the policy's files cannot be taken.
        """
        return self._backend.assess(_plain(task))

    def _dedupe_key(self, view: Wire, payload: Wire) -> str:
        """Names this answer by this person. Where one person may fill several places each answer is one of its own."""
        if not view["requirement"]["distinctPeople"]:
            return f"sdk:{new_ulid()}"
        return f"sdk:{digest_of([self._person, view['prompt']['digest'], payload])[:40]}"


def _settings(
    url: str | None, token: str | None, directory: str | os.PathLike[str] | None, database_url: str | None
) -> Settings:
    environ = dict(os.environ)
    if token is not None:
        environ["SIGNOFF_TOKEN"] = token
    flags = {"url": url, "dir": None if directory is None else os.fspath(directory), "database_url": database_url}
    settings = load(flags, environ, cwd=Path.cwd())
    is_ledger_named = directory is not None or database_url is not None
    return with_token(replace(settings, url=None) if url is None and is_ledger_named else settings)


def _plain(value: Any) -> Any:
    """Tuples and read-only mappings as the lists and objects that JSON has."""
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list | tuple) else value


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ANONYMOUS
