from __future__ import annotations

import hashlib
from typing import Any

import pytest

from signoff.audit.tree import Frontier, inclusion_proof, verify_inclusion
from signoff.errors import InvalidInputError

# The leaves and roots that the reference implementation of Certificate Transparency is tested with.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_the_root_is_that_of_certificate_transparency(size: int) -> None:
    tree = Frontier(LEAVES[:size])
    assert tree.size == size
    assert tree.root() == ROOTS[size]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert Frontier().root() == hashlib.sha256(b"").hexdigest()


def test_a_root_can_be_asked_for_at_every_size_on_the_way() -> None:
    tree = Frontier()
    roots = [tree.root()]
    for leaf in LEAVES:
        tree.append(leaf)
        roots.append(tree.root())
    assert roots == ROOTS


@pytest.mark.parametrize("leaf", ["0", "xy", b"00", None, 7])
def test_a_leaf_that_is_not_hex_is_refused_and_changes_nothing(leaf: Any) -> None:
    tree = Frontier(LEAVES)
    with pytest.raises(InvalidInputError, match="is not hex"):
        tree.append(leaf)
    assert (tree.size, tree.root()) == (8, ROOTS[8])


@pytest.mark.parametrize("size", range(1, 9))
def test_every_leaf_of_every_tree_can_be_proved(size: int) -> None:
    for index in range(size):
        proof = inclusion_proof(LEAVES[:size], index)
        assert verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_a_proof_is_the_one_of_certificate_transparency() -> None:
    assert inclusion_proof(LEAVES, 0) == (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    )


def test_a_proof_proves_nothing_else() -> None:
    proof = inclusion_proof(LEAVES, 5)
    assert not verify_inclusion(LEAVES[4], 5, 8, proof, ROOTS[8])
    assert not verify_inclusion(LEAVES[5], 4, 8, proof, ROOTS[8])
    assert not verify_inclusion(LEAVES[5], 5, 8, proof, ROOTS[7])
    assert not verify_inclusion(LEAVES[5], 5, 8, proof[:-1], ROOTS[8])
    assert not verify_inclusion(LEAVES[5], 5, 8, (*proof, ROOTS[1]), ROOTS[8])
    assert not verify_inclusion(LEAVES[5], 5, 8, proof[::-1], ROOTS[8])
    assert not verify_inclusion(LEAVES[5], 5, 5, proof, ROOTS[8])
    assert not verify_inclusion(LEAVES[5], -1, 8, proof, ROOTS[8])
    assert not verify_inclusion(LEAVES[5], 5, 10**30, proof, ROOTS[8])


def test_a_node_cannot_pass_for_a_leaf() -> None:
    left, right = (hashlib.sha256(b"\x00" + bytes.fromhex(leaf)).hexdigest() for leaf in LEAVES[:2])
    assert not verify_inclusion(left + right, 0, 1, (), ROOTS[2])


@pytest.mark.parametrize("rubbish", ["x", None, 7, b"00"])
def test_rubbish_in_a_proof_is_not_a_proof(rubbish: Any) -> None:
    proof = inclusion_proof(LEAVES, 5)
    assert not verify_inclusion(LEAVES[5], 5, 8, (rubbish, *proof[1:]), ROOTS[8])
    assert not verify_inclusion(rubbish, 5, 8, proof, ROOTS[8])
    assert not verify_inclusion(LEAVES[5], 5, 8, proof, rubbish)


@pytest.mark.parametrize("index", [-1, 8])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(InvalidInputError, match="no leaf"):
        inclusion_proof(LEAVES, index)
