"""Slack, through its Web API. What asked is changed when the gate has ended, so that nobody follows an old question."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from signoff.app.deliver_notice import Notice
from signoff.app.notify_gate import ENDING
from signoff.errors import DeliveryError
from signoff.notify.facts import one_line
from signoff.notify.http_post import post
from signoff.notify.texts import escape_mrkdwn
from signoff.notify.words import Words

HEADER_CHARS_MAX, SECTION_CHARS_MAX = 150, 3_000
#: A message that cannot be changed any more: somebody deleted it, or time has run out for changes.
_GONE = ("message_not_found", "cant_update_message", "edit_window_closed")


class SlackChannel:
    def __init__(self, words: Words, *, token: str, api_url: str) -> None:
        self._words = words
        self._token = token
        self._api_url = api_url.rstrip("/")

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        message = self._message(notice)
        if notice.event in ENDING:
            changed = [self._update(ref, message) for ref in earlier]
            if any(changed):
                return None
        answer = self._call("chat.postMessage", {"channel": target, **message})
        channel, ts = answer.get("channel"), answer.get("ts")
        return f"{channel}:{ts}" if isinstance(channel, str) and isinstance(ts, str) else None

    def _update(self, remote_ref: str, message: Mapping[str, Any]) -> bool:
        """Whether the message is still there to be changed."""
        channel, _, ts = remote_ref.partition(":")
        try:
            self._call("chat.update", {"channel": channel, "ts": ts, **message})
        except DeliveryError as error:
            if error.details.get("error") in _GONE:
                return False
            raise
        return True

    def _message(self, notice: Notice) -> dict[str, Any]:
        """Nothing in it is parsed for names, channels and links but what this code puts there."""
        headline = one_line(self._words.headline(notice))
        body = self._words.say("slack", "mrkdwn", notice)[:SECTION_CHARS_MAX]
        blocks: list[dict[str, Any]] = [
            {"type": "header", "text": _plain(headline[:HEADER_CHARS_MAX])},
            {"type": "section", "text": {"type": "mrkdwn", "text": body or " ", "verbatim": True}},
        ]
        if link := self._words.facts(notice)["link"]:
            button = {"type": "button", "text": _plain("Open in the inbox"), "url": link, "action_id": "open"}
            blocks.append({"type": "actions", "elements": [button]})
        return {
            "text": escape_mrkdwn(headline),
            "blocks": blocks,
            "parse": "none",
            "link_names": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": "signoff_notice", "event_payload": {"delivery_id": notice.delivery_id}},
        }

    def _call(self, method: str, document: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json; charset=utf-8"}
        answer = post(f"{self._api_url}/{method}", content=json.dumps(document).encode(), headers=headers)
        said = answer.document()
        if answer.is_success and said.get("ok") is True:
            return said
        why = one_line(str(said.get("error", answer.status)))
        raise DeliveryError(
            f"Slack refused {method}: {why}.", details={"error": why}, retry_after_s=answer.retry_after_s
        )


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
