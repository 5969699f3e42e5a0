"""Who there is, and how they prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.app.ports import Bearer
from signoff.gates.principal import Delegation, Principal
from signoff.gates.session import Link, Session
from signoff.gates.token import Token
from signoff.ledger import rows

if TYPE_CHECKING:
    from signoff.ledger.database import Session as DatabaseSession


class SqlPeople:
    """Implements the port `PeopleReader`."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def has_principals(self) -> bool:
        row = self._session.one("has_principals")
        return row is not None and bool(row["found"])

    def has_tokens(self) -> bool:
        row = self._session.one("has_tokens")
        return row is not None and bool(row["found"])

    def principal(self, name: str) -> Principal | None:
        row = self._session.one("principal", name=name)
        return None if row is None else rows.principal_from_row(row)

    def principals(self) -> list[Principal]:
        return [rows.principal_from_row(row) for row in self._session.all("principals")]

    def lenders(self, principal_id: str, *, now: int) -> list[Principal]:
        return [rows.principal_from_row(row) for row in self._session.all("lenders", id=principal_id, now=now)]

    def delegations(self, *, now: int) -> list[Delegation]:
        return [Delegation(**row) for row in self._session.all("delegations", now=now)]

    def token(self, token_id: str) -> Token | None:
        row = self._session.one("token", id=token_id)
        return None if row is None else Token(**row)

    def tokens(self) -> list[Token]:
        return [Token(**row) for row in self._session.all("tokens")]

    def token_with_hash(self, hash_: str) -> Token | None:
        row = self._session.one("token_with_hash", hash=hash_)
        return None if row is None else Token(**row)

    def bearer(self, token_hash: str, *, now: int) -> Bearer | None:
        tokens, holders, lenders = self._session.each(
            ("token_with_hash", {"hash": token_hash}),
            ("holder_of_hash", {"hash": token_hash}),
            ("lenders_of_hash", {"hash": token_hash, "now": now}),
        )
        if not tokens:
            return None
        holder, *lending = [rows.principal_from_row(row) for row in (*holders, *lenders)]
        return Bearer(Token(**tokens[0]), holder, lending)

    def session_with_hash(self, hash_: str) -> Session | None:
        row = self._session.one("session_with_hash", hash=hash_)
        return None if row is None else Session(**row)

    def link(self, link_id: str) -> Link | None:
        row = self._session.one("link", id=link_id)
        return None if row is None else Link(**row)

    def link_with_hash(self, hash_: str) -> Link | None:
        row = self._session.one("link_with_hash", hash=hash_)
        return None if row is None else Link(**row)

    def holder(self, proof: Token | Session | Link) -> Principal:
        row = self._session.one("holder", id=proof.principal_id)
        assert row is not None  # noqa: S101 - a foreign key
        return rows.principal_from_row(row)
