"""Verify an export of signoff's audit trail without signoff: python verify_export.py FILE KEY_ID"""

import base64
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class NotSoundError(Exception):
    pass


def require(condition: bool, why: str) -> None:
    if not condition:
        raise NotSoundError(why)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def number(digits: str) -> int | float:
    return int(digits) if abs(int(digits)) < 2**53 else float(digits)


def root_of(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:]))


def verify_entries(entries: Sequence[dict[str, Any]]) -> None:
    last: dict[str, tuple[int, str]] = {}
    for entry in entries:
        sealed = {name: value for name, value in entry.items() if name not in ("kind", "hash")}
        where, workflow_id = f"seq {entry['seq']}", entry["workflowId"]
        n, hash_before = last.get(workflow_id, (0, "0" * 64))
        require(isinstance(entry["body"], dict), f"{where}: its body is no object")
        require(sha256(rfc8785.dumps(sealed)).hex() == entry["hash"], f"{where}: altered")
        require((entry["n"], entry["prevHash"]) == (n + 1, hash_before), f"{where}: the chain is broken")
        last[workflow_id] = (entry["n"], entry["hash"])


def verify_head(head: dict[str, Any], leaves: Sequence[bytes], key_id: str) -> None:
    size, where = head["treeSize"], f"the head over {head['treeSize']} entries"
    require(head["keyId"] == key_id, f"{where}: another key")
    signed = rfc8785.dumps({name: head[name] for name in ("root", "signedAt", "treeSize")})
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key_id.removeprefix("ed25519:")))
    try:
        key.verify(base64.b64decode(head["signature"]), signed)
    except InvalidSignature:
        raise NotSoundError(f"{where}: its signature does not fit") from None
    require(size <= len(leaves) and root_of(leaves[:size]).hex() == head["root"], f"{where}: these are others")


def verify(lines: Sequence[str], key_id: str) -> str:
    header, *rows = (json.loads(line, parse_int=number) for line in lines if line.strip())
    require(header == {"kind": "signoff-audit", "version": 1}, "this is no export")
    entries = sorted((row for row in rows if row["kind"] == "entry"), key=lambda entry: int(entry["seq"]))
    heads = [row for row in rows if row["kind"] == "head"]
    verify_entries(entries)
    leaves = [sha256(b"\x00" + bytes.fromhex(entry["hash"])) for entry in entries]
    for head in heads:
        verify_head(head, leaves, key_id)
    covered = max((head["treeSize"] for head in heads), default=0)
    return f"sound: {len(entries)} entries, {covered} of them under a signed head"


if __name__ == "__main__":
    path, trusted_key_id = sys.argv[1:]
    try:
        found = verify(Path(path).read_text("utf-8").split("\n"), trusted_key_id)
    except NotSoundError as why:
        sys.exit(f"NOT sound: {why}")
    sys.stdout.write(f"{found}\n")
