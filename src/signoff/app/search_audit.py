"""Search the audit trail, and prove one entry of it."""

from __future__ import annotations

from dataclasses import dataclass

from signoff.app.page import PAGE_DEFAULT, ROWS_MAX, Page, check_limit
from signoff.app.world import World
from signoff.audit.entry import GENESIS, Entry, entry_hash
from signoff.audit.head import Head, is_signature_valid
from signoff.audit.tree import inclusion_proof, verify_inclusion
from signoff.errors import InvalidInputError, NotFoundError
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.gates.name import NAME_CHARS_MAX

EVENT_CHARS_MAX = 64
#: A proof needs the hash of every entry below its head; of more than these it would keep people waiting.
PROVED_ENTRIES_MAX = 200_000
SEQ_MAX = 2**63 - 1


@dataclass(frozen=True)
class Wanted:
    """What is left out is no condition."""

    workflow_id: str | None = None
    gate_key: str | None = None
    actor: str | None = None
    event: str | None = None


@dataclass(frozen=True)
class Proof:
    """An entry, and whether it fits its own hash (`is_sound`), follows on the one before it in its chain
    (`is_linked`), and is in the tree that `head` signs (`is_covered`; None where no head covers it yet, or the tree is
    too large to show it here). `path` leads from the entry's hash to the root."""

    entry: Entry
    is_sound: bool
    is_linked: bool
    head: Head | None
    place: int
    path: tuple[str, ...]
    is_covered: bool | None


def search_audit(world: World, wanted: Wanted, *, before: int | None = None, limit: int = PAGE_DEFAULT) -> Page:
    """Entries, newest first; the cursor is the seq before which the next page begins."""
    _check(wanted)
    check_limit(limit, ROWS_MAX)
    if before is not None and not 0 < before <= SEQ_MAX:
        raise InvalidInputError("before is the seq of an entry.", code="invalid-cursor")
    with world.ledger.read() as tx:
        found = tx.audit.search_entries(**vars(wanted), before=SEQ_MAX if before is None else before, limit=limit + 1)
    items = found[:limit]
    return Page(items, str(items[-1].seq) if len(found) > limit else None)


def prove_entry(world: World, seq: int) -> Proof:
    """
    Raises:
        NotFoundError: (`entry-not-found`).
    """
    with world.ledger.read() as tx:
        entry = tx.audit.entry(seq) if 0 < seq <= SEQ_MAX else None
        if entry is None:
            raise NotFoundError(f"There is no entry {seq}.", code="entry-not-found")
        before = tx.audit.entry_before(entry)
        place = tx.audit.place_of_entry(seq)
        head = tx.audit.oldest_head_over(place)
        is_shown = head is not None and head.tree_size <= PROVED_ENTRIES_MAX
        leaves = tx.audit.hashes_in_tree(head.tree_size) if head is not None and is_shown else []
    path = inclusion_proof(leaves, place) if leaves else ()
    return Proof(
        entry=entry,
        is_sound=entry_hash(entry) == entry.hash,
        is_linked=entry.prev_hash == (GENESIS if entry.n == 1 else before and before.hash),
        head=head,
        place=place,
        path=path,
        is_covered=_is_covered(entry, place, path, head) if head is not None and is_shown else None,
    )


def _is_covered(entry: Entry, place: int, path: tuple[str, ...], head: Head) -> bool:
    is_in_tree = verify_inclusion(entry.hash, place, head.tree_size, path, head.root)
    return is_in_tree and is_signature_valid(head)


def _check(wanted: Wanted) -> None:
    if wanted.workflow_id is not None:
        check_workflow_id(wanted.workflow_id)
    if wanted.gate_key is not None:
        check_gate_key(wanted.gate_key)
    for name, text, chars_max in (
        ("actor", wanted.actor, NAME_CHARS_MAX),
        ("event", wanted.event, EVENT_CHARS_MAX),
    ):
        if text is not None and not (text.isprintable() and 1 <= len(text) <= chars_max):
            raise InvalidInputError(f"{name} is 1 to {chars_max} printable characters.", code="invalid-query")
