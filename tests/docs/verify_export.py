"""Verify an export of signoff's audit trail without signoff: python verify_export.py FILE KEY_ID"""

import base64
import hashlib
import json
import sys

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def number(digits: str) -> int | float:
    return int(digits) if abs(int(digits)) < 2**53 else float(digits)


def root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:]))


def main(path: str, key_id: str) -> str:
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line, parse_int=number) for line in file if line.strip()]
    header, *rows = rows
    assert header == {"kind": "signoff-audit", "version": 1}, "this is no export"
    entries = sorted((row for row in rows if row.pop("kind") == "entry"), key=lambda entry: entry["seq"])
    heads = [row for row in rows if "treeSize" in row]
    last: dict[str, tuple[int, str]] = {}
    for entry in entries:
        claimed = entry.pop("hash")
        n, hash_before = last.get(entry["workflowId"], (0, "0" * 64))
        assert isinstance(entry["body"], dict), f"seq {entry['seq']}: its body is no object"
        assert sha256(rfc8785.dumps(entry)).hex() == claimed, f"seq {entry['seq']}: altered"
        assert (entry["n"], entry["prevHash"]) == (n + 1, hash_before), f"seq {entry['seq']}: the chain is broken"
        last[entry["workflowId"]] = (entry["n"], claimed)
        entry["hash"] = claimed
    leaves = [sha256(b"\x00" + bytes.fromhex(entry["hash"])) for entry in entries]
    for head in heads:
        size = head["treeSize"]
        assert head["keyId"] == key_id, f"the head over {size} entries: another key"
        signed = rfc8785.dumps({name: head[name] for name in ("root", "signedAt", "treeSize")})
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key_id.removeprefix("ed25519:")))
        try:
            key.verify(base64.b64decode(head["signature"]), signed)
        except InvalidSignature:
            raise AssertionError(f"the head over {size} entries: its signature does not fit") from None
        fits = size <= len(leaves) and root_of(leaves[:size]).hex() == head["root"]
        assert fits, f"the head over {size} entries: these are others"
    covered = max((head["treeSize"] for head in heads), default=0)
    return f"sound: {len(entries)} entries, {covered} of them under a signed head"


if __name__ == "__main__":
    try:
        print(main(*sys.argv[1:]))
    except AssertionError as why:
        sys.exit(f"NOT sound: {why}")
