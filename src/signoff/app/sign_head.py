"""Sign heads over the whole ledger, in batches beside it."""

from __future__ import annotations

from collections.abc import Iterator

from signoff.app.world import World
from signoff.audit.head import Head, key_id_of, sign_head
from signoff.audit.tree import Frontier
from signoff.errors import InvalidInputError, OperationError


class HeadSigner:
    """Keeps the edge of the Merkle tree between calls, so that each reads only what is new."""

    def __init__(self, world: World, private_key: bytes) -> None:
        self._world = world
        self._private_key = private_key
        self.key_id = key_id_of(private_key)
        self._frontier = Frontier()
        self._after_seq = 0
        self._signed_size = 0

    def sign(self) -> Head | None:
        """The new head, or None where nothing was written since the last."""
        head = self._world.ledger.append_head(self._after_seq, self._make)
        if head is not None:
            self._signed_size = head.tree_size
        return head

    def _make(self, settled: Iterator[tuple[int, str]]) -> Head | None:
        for seq, entry_hash in settled:
            try:
                self._frontier.append(entry_hash)
            except InvalidInputError:
                self._frontier, self._after_seq = Frontier(), 0
                raise OperationError(
                    f"No head is signed: entry {seq} of the audit trail holds no hash. Run: signoff audit verify",
                    code="audit-damaged",
                ) from None
            self._after_seq = seq
        if self._frontier.size == self._signed_size:
            return None
        return sign_head(
            self._private_key,
            tree_size=self._frontier.size,
            root=self._frontier.root(),
            signed_at=self._world.clock(),
        )
