from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from signoff.audit.head import Head, head_from_wire, is_signature_valid, key_id_of, sign_head, to_wire
from signoff.errors import InvalidInputError

KEY = bytes(range(32))
HEAD = sign_head(KEY, tree_size=3, root="ab" * 32, signed_at=1767225600000)


def test_the_signature_can_be_checked_by_hand() -> None:
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(HEAD.key_id.removeprefix("ed25519:")))
    signed = '{"root":"' + "ab" * 32 + '","signedAt":1767225600000,"treeSize":3}'
    key.verify(base64.b64decode(HEAD.signature), signed.encode())


def test_a_head_says_what_was_signed_and_with_which_key() -> None:
    assert (HEAD.tree_size, HEAD.root, HEAD.signed_at) == (3, "ab" * 32, 1767225600000)
    assert HEAD.key_id == key_id_of(KEY) == "ed25519:03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"


def test_a_signed_head_is_valid() -> None:
    assert is_signature_valid(HEAD)
    assert is_signature_valid(sign_head(KEY, tree_size=0, root="ab" * 32, signed_at=0))


def test_a_changed_byte_of_any_column_is_noticed() -> None:
    for field in fields(Head):
        text = str(getattr(HEAD, field.name))
        for place in range(len(text)):
            for other in "0Aa1=":
                changed = text[:place] + other + text[place + 1 :]
                if changed != text and not (field.type == "int" and not changed.isdigit()):
                    value: Any = int(changed) if field.type == "int" else changed
                    assert not is_signature_valid(replace(HEAD, **{field.name: value})), (field.name, changed)


def test_another_spelling_of_the_same_signature_is_noticed() -> None:
    # The last letter before the padding has four bits that say nothing.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = letters[letters.index(HEAD.signature[85]) ^ 1]
    respelled = HEAD.signature[:85] + twin + "=="
    assert base64.b64decode(respelled) == base64.b64decode(HEAD.signature)
    assert not is_signature_valid(replace(HEAD, signature=respelled))


def test_the_key_of_somebody_else_does_not_fit() -> None:
    assert not is_signature_valid(replace(HEAD, key_id=key_id_of(bytes(32))))


@pytest.mark.parametrize("column", [field.name for field in fields(Head)])
@pytest.mark.parametrize(
    "value", [None, b"x", 1.0, 3.0, True, -1, 2**60, "", "x", "é", "\ud800", "ed25519:", "ed25519:" + "g" * 64, "QUJD"]
)
def test_rubbish_is_not_valid_and_raises_nothing(column: str, value: Any) -> None:
    assert not is_signature_valid(replace(HEAD, **{column: value}))


@pytest.mark.parametrize("columns", [{"root": "ab"}, {"tree_size": -1}, {"signed_at": 1.5}, {"signed_at": 2**53}])
def test_what_describes_no_tree_is_not_signed(columns: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        sign_head(KEY, **{"tree_size": 3, "root": "ab" * 32, "signed_at": 0, **columns})


def test_the_wire_form_leads_back_to_the_head() -> None:
    wire = json.loads(json.dumps(to_wire(HEAD)))
    assert list(wire) == ["treeSize", "root", "signedAt", "keyId", "signature"]
    assert head_from_wire(wire) == HEAD


@pytest.mark.parametrize("wire", [None, {}, {**to_wire(HEAD), "more": 1}, {**to_wire(HEAD), "root": {}}])
def test_a_wire_form_with_other_members_is_refused(wire: Any) -> None:
    with pytest.raises(InvalidInputError):
        head_from_wire(wire)


def test_reading_the_trail_does_not_import_cryptography() -> None:
    program = "import sys, signoff.audit.verify, signoff.audit.export; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
