"""The whole proof: chains of entries, and signed heads over them, in one pass.

The leaf of an entry in the Merkle tree is its `hash` *as stored*. An entry altered in any other column therefore
changes no root: the chain names it, exactly and alone, and the heads go on vouching for the rest. The heads answer
what the chains cannot: entries that are gone from the end, whole workflows that are gone or were put in, and histories
rewritten with every hash computed anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from signoff.audit.chain import Finding, verify_chain
from signoff.audit.entry import Entry
from signoff.audit.head import Head, is_signature_valid
from signoff.audit.tree import EMPTY_ROOT, Frontier
from signoff.gates.digest import is_digest


@dataclass(frozen=True)
class Report:
    """What was looked at and what is wrong with it.

    `newest_head` is the largest head that holds (nothing was found against it); `uncovered` counts the entries after
    it, all where there is none: only their chains vouch for those.
    """

    entries: int
    workflows: int
    heads: int
    findings: tuple[Finding, ...]
    newest_head: Head | None
    uncovered: int

    @property
    def is_clean(self) -> bool:
        return not self.findings


@dataclass
class _Tally:
    """Looks at the entries on their way to `verify_chain`, so that one pass is enough."""

    sizes: Collection[int]
    tree: Frontier = field(default_factory=Frontier)
    roots: dict[int, str] = field(default_factory=lambda: {0: EMPTY_ROOT})
    workflows: set[str] = field(default_factory=set)

    def watch(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            self.workflows.add(entry.workflow_id)
            self.tree.append(_leaf(entry))
            if self.tree.size in self.sizes:
                self.roots[self.tree.size] = self.tree.root()
            yield entry


def verify(entries: Iterable[Entry], heads: Sequence[Head], *, trusted_keys: Collection[str] | None = None) -> Report:
    """Check everything that can be checked without asking anybody.

    `entries` are read once and must come in the order of `seq`. `trusted_keys` are key ids (`ed25519:<hex>`) whose
    heads are believed; without it any key is, which proves only that one and the same hand signed.

    Findings are those of `verify_chain`, then those of the heads, which name no entry:

        head-signature      the signature does not fit
        head-untrusted-key  it fits, but nobody trusts the key
        head-ahead          it vouches for more entries than there are: some are gone from the end
        head-mismatch       it vouches for other entries: one was altered in its hash, removed, added or moved
    """
    tally = _Tally(frozenset(head.tree_size for head in heads))
    findings = verify_chain(tally.watch(entries))
    against = [(head, _against(head, tally, trusted_keys)) for head in heads]
    findings += [finding for _, finding in against if finding is not None]
    newest = max((head for head, finding in against if finding is None), key=lambda head: head.tree_size, default=None)
    return Report(
        entries=tally.tree.size,
        workflows=len(tally.workflows),
        heads=len(heads),
        findings=tuple(findings),
        newest_head=newest,
        uncovered=tally.tree.size - (0 if newest is None else newest.tree_size),
    )


def _against(head: Head, tally: _Tally, trusted_keys: Collection[str] | None) -> Finding | None:
    name = f"The head over {head.tree_size} entries"
    if not is_signature_valid(head):
        return _finding("head-signature", f"{name} was not signed by the key that it names, or was altered since.")
    if trusted_keys is not None and head.key_id not in trusted_keys:
        return _finding("head-untrusted-key", f"{name} is signed by {head.key_id}, which is not a trusted key.")
    if head.tree_size > tally.tree.size:
        return _finding("head-ahead", f"{name} covers more than the {tally.tree.size} entries that there are.")
    if head.root != tally.roots[head.tree_size]:
        return _finding("head-mismatch", f"{name} covers others: one of them was altered, removed, added or moved.")
    return None


def _finding(code: str, message: str) -> Finding:
    return Finding(None, None, code, message)


def _leaf(entry: Entry) -> str:
    # A stored hash that is none cannot be a leaf. The empty leaf, which no entry has, stands in: no head fits it.
    is_whole = type(entry.hash) is str and is_digest(entry.hash)
    return entry.hash if is_whole else ""
