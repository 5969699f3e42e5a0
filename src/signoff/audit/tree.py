"""A Merkle tree over the hashes of all entries, in the order of `seq` (RFC 6962, section 2.1).

    leaf = SHA-256(0x00 || entry hash as bytes)      node = SHA-256(0x01 || left || right)

A tree of n leaves is split at the largest power of two below n. Hashes go in and come out as hex.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from signoff.errors import InvalidInputError

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()


class Frontier:
    """A tree that grows to the right; it keeps the roots of its whole subtrees alone, O(log n) of them."""

    def __init__(self, leaves: Iterable[str] = ()) -> None:
        self._size = 0
        self._peaks: list[bytes] = []
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        return self._size

    def append(self, leaf: str) -> None:
        """Add a leaf, given as hex.

        Raises:
            InvalidInputError: (`not-hex`).
        """
        node = _leaf(leaf)
        # As in adding one to a binary number: each trailing one bit is a whole subtree of that height to carry over.
        carry = self._size
        while carry & 1:
            node = _node(self._peaks.pop(), node)
            carry >>= 1
        self._peaks.append(node)
        self._size += 1

    def root(self) -> str:
        """The root of the tree so far, as hex; of the empty tree, SHA-256 of nothing."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = _node(peak, node)
        return node.hex()


def inclusion_proof(leaves: Sequence[str], index: int) -> tuple[str, ...]:
    """The hashes that lead from leaf `index` (from 0) up to the root, lowest first, as hex.

    Raises:
        InvalidInputError: (`no-such-leaf`), (`not-hex`).
    """
    if not 0 <= index < len(leaves):
        raise InvalidInputError(f"There is no leaf {index} among {len(leaves)}.", code="no-such-leaf")
    siblings = []
    for start, middle, end in _splits(index, len(leaves)):
        other = leaves[middle:end] if index < middle else leaves[start:middle]
        siblings.append(Frontier(other).root())
    return tuple(reversed(siblings))


def verify_inclusion(leaf: str, index: int, size: int, proof: Sequence[str], root: str) -> bool:
    """Whether `proof` leads from this leaf at this index to the root of a tree of this size. False on rubbish."""
    if not 0 <= index < size:
        return False
    splits = list(_splits(index, size))
    if len(proof) != len(splits):
        return False
    try:
        node = _leaf(leaf)
        for (_, middle, _), sibling in zip(reversed(splits), proof, strict=True):
            other = _bytes(sibling)
            node = _node(node, other) if index < middle else _node(other, node)
    except InvalidInputError:
        return False
    return node.hex() == root


def _splits(index: int, size: int) -> Iterator[tuple[int, int, int]]:
    """(start, middle, end) of every subtree above leaf `index`, from the root down."""
    start, end = 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        yield start, middle, end
        start, end = (start, middle) if index < middle else (middle, end)


def _leaf(leaf: str) -> bytes:
    return hashlib.sha256(b"\x00" + _bytes(leaf)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{text!r} is not hex.", code="not-hex") from None
