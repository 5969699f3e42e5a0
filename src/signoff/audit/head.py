"""A signed head: somebody with the key vouches for the first so many entries of the ledger.

The signature is Ed25519 over the RFC 8785 canonical JSON of `{root, signedAt, treeSize}`: the Merkle root (`tree`) as
64 hex digits, the time in epoch milliseconds, and how many entries the tree has.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import Any

from signoff.audit.wire import check_scalars, columns_from_wire, columns_to_wire
from signoff.errors import InvalidInputError
from signoff.gates.digest import canonical_json, is_digest

# `cryptography` is imported where it is used: reading entries must not cost its import.

_KEY_PREFIX = "ed25519:"
_WIRE_NAMES = {
    "tree_size": "treeSize",
    "root": "root",
    "signed_at": "signedAt",
    "key_id": "keyId",
    "signature": "signature",
}


@dataclass(frozen=True)
class Head:
    """A row of `audit_heads`. `key_id` is `ed25519:<64 hex of the raw public key>`, `signature` is base64.

    A head that was read from a tampered database may break every one of these types. `is_signature_valid` tells.
    """

    tree_size: int
    root: str
    signed_at: int
    key_id: str
    signature: str


def key_id_of(private_key: bytes) -> str:
    """The name of a key: its public half. `private_key` is the raw seed of 32 bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public_key = Ed25519PrivateKey.from_private_bytes(private_key).public_key()
    return _KEY_PREFIX + public_key.public_bytes_raw().hex()


def sign_head(private_key: bytes, *, tree_size: int, root: str, signed_at: int) -> Head:
    """`private_key` is the raw seed of 32 bytes, `signed_at` epoch milliseconds."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    draft = Head(tree_size, root, signed_at, key_id_of(private_key), signature="")
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(_signed_bytes(draft))
    return replace(draft, signature=b64encode(signature).decode())


def is_signature_valid(head: Head) -> bool:
    """Whether the key that the head names has signed it. Says nothing about whose key that is. Never raises."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        signed, key, signature = _signed_bytes(head), _key_bytes(head.key_id), _signature_bytes(head.signature)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidInputError, InvalidSignature):
        return False
    return True


def to_wire(head: Head) -> dict[str, Any]:
    """`{treeSize, root, signedAt, keyId, signature}`."""
    return columns_to_wire(head, _WIRE_NAMES)


def head_from_wire(wire: Any) -> Head:
    """The inverse of `to_wire`. What its values are worth is for `is_signature_valid` to say.

    Raises:
        InvalidInputError: (`malformed-audit-row`) other members than a head has, or a list or object among them.
    """
    columns = columns_from_wire(wire, _WIRE_NAMES)
    check_scalars(columns)
    return Head(**columns)


def _signed_bytes(head: Head) -> bytes:
    # Exact types, since 1.0 is spelled like 1 in canonical JSON.
    if type(head.tree_size) is not int or type(head.signed_at) is not int or type(head.root) is not str:
        raise _unsignable("a column has the wrong type")
    if head.tree_size < 0 or not is_digest(head.root):
        raise _unsignable("it describes no tree")
    return canonical_json({"root": head.root, "signedAt": head.signed_at, "treeSize": head.tree_size})


def _key_bytes(key_id: Any) -> bytes:
    digits = key_id.removeprefix(_KEY_PREFIX) if type(key_id) is str else ""
    if not is_digest(digits) or key_id != _KEY_PREFIX + digits:
        raise _unsignable("its key id is not one of ours")
    return bytes.fromhex(digits)


def _signature_bytes(signature: Any) -> bytes:
    try:
        raw = b64decode(signature, validate=True) if type(signature) is str else b""
    except ValueError:
        raise _unsignable("its signature is not base64") from None
    # Base64 has spare bits: other spellings of the same signature are refused, so that every changed byte is noticed.
    if b64encode(raw).decode() != signature:
        raise _unsignable("its signature is not spelled as it was")
    return raw


def _unsignable(why: str) -> InvalidInputError:
    return InvalidInputError(f"This cannot be a signed head: {why}.", code="malformed-audit-head")
