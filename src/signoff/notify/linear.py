"""Linear, through its GraphQL API: a gate is an issue, further events are comments, its end closes the issue.

Issues and comments are made under ids that follow from the delivery's, and looked for first: a try that is made again
finds what the one before it has made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from signoff.app.deliver_notice import Notice
from signoff.app.notify_gate import ENDING
from signoff.errors import DeliveryError
from signoff.gates.digest import sha256_hex
from signoff.gates.gate import Gate
from signoff.gates.prompt import APPROVE
from signoff.notify.facts import one_line
from signoff.notify.http_post import post
from signoff.notify.words import Words

TITLE_CHARS_MAX = 250

_FIND_ISSUE = "query($id: ID!) { issues(filter: {id: {eq: $id}}) { nodes { id } } }"
_FIND_COMMENT = "query($id: ID!) { comments(filter: {id: {eq: $id}}) { nodes { id } } }"
_CREATE_ISSUE = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success } }"
_CREATE_COMMENT = "mutation($input: CommentCreateInput!) { commentCreate(input: $input) { success } }"
_STATES = "query($id: String!) { issue(id: $id) { team { states { nodes { id type position } } } } }"
_CLOSE = "mutation($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success } }"


class LinearChannel:
    def __init__(self, words: Words, *, token: str, api_url: str) -> None:
        self._words = words
        self._token = token
        self._api_url = api_url

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        issue_id = earlier[0] if earlier else _uuid(notice.delivery_id)
        if earlier:
            self._comment(notice, issue_id)
        else:
            self._create(notice, issue_id, target)
        if notice.event in ENDING:
            self._close(notice.gate, issue_id)
        return None if earlier else issue_id

    def _create(self, notice: Notice, issue_id: str, team_id: str) -> None:
        if self._ask(_FIND_ISSUE, id=issue_id)["issues"]["nodes"]:
            return
        title = one_line(self._words.say("linear", "title.txt", notice))[:TITLE_CHARS_MAX]
        made = {"id": issue_id, "teamId": team_id, "title": title, "description": self._text(notice)}
        self._ask(_CREATE_ISSUE, input=made)

    def _comment(self, notice: Notice, issue_id: str) -> None:
        comment_id = _uuid(notice.delivery_id)
        if not self._ask(_FIND_COMMENT, id=comment_id)["comments"]["nodes"]:
            made = {"id": comment_id, "issueId": issue_id, "body": self._text(notice)}
            self._ask(_CREATE_COMMENT, input=made)

    def _text(self, notice: Notice) -> str:
        return f"{self._words.say('linear', 'md', notice)}\n\n`{notice.delivery_id}`"

    def _close(self, gate: Gate, issue_id: str) -> None:
        """To the team's first state for what was done, or for what was called off."""
        issue = self._ask(_STATES, id=issue_id)["issue"]
        wanted = "completed" if _is_approved(gate) else "canceled"
        states = sorted(issue["team"]["states"]["nodes"], key=lambda state: float(state["position"]))
        state = next((state["id"] for state in states if state["type"] == wanted), None)
        if state is None:
            raise DeliveryError(f"The team in Linear has no state of the type {wanted}.")
        self._ask(_CLOSE, id=issue_id, input={"stateId": state})

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """
        Returns:
            The members of the answer's `data` that the query asks for.
        """
        headers = {"authorization": self._token, "content-type": "application/json"}
        content = json.dumps({"query": query, "variables": variables}).encode()
        answer = post(self._api_url, content=content, headers=headers)
        said = answer.document()
        if answer.is_success and not said.get("errors") and isinstance(said.get("data"), dict):
            return dict(said["data"])
        raise DeliveryError(f"Linear refused it: {_why(said, answer.status)}.", retry_after_s=answer.retry_after_s)


def _is_approved(gate: Gate) -> bool:
    choice = gate.prompt.choice(gate.decision or "")
    return choice is not None and choice.effect == APPROVE


def _uuid(delivery_id: str) -> str:
    """In the form of a version 4, the only one that is taken."""
    return str(UUID(hex=sha256_hex(delivery_id.encode())[:32], version=4))


def _why(said: Mapping[str, Any], status: int) -> str:
    errors = said.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    message = first.get("message") if isinstance(first, dict) else None
    return one_line(message) if isinstance(message, str) else str(status)
