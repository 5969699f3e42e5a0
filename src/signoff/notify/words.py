"""What a channel says: templates, filled with the facts of a notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from signoff.app.deliver_notice import Notice
from signoff.notify.facts import facts_of
from signoff.notify.texts import Texts


@dataclass(frozen=True)
class Words:
    texts: Texts
    public_url: str | None

    def facts(self, notice: Notice) -> dict[str, Any]:
        return facts_of(notice, public_url=self.public_url)

    def headline(self, notice: Notice) -> str:
        return self.texts.headline(self.facts(notice))

    def say(self, kind: str, part: str, notice: Notice) -> str:
        return self.texts.render(kind, part, self.facts(notice))
