"""What must hold of every audit trail, whatever is done to it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signoff.audit.chain import verify_chain
from signoff.audit.entry import GENESIS, Entry, entry_from_wire, entry_hash, seal, to_wire
from signoff.audit.export import dump, load
from signoff.audit.head import is_signature_valid, sign_head
from signoff.audit.tree import Frontier, inclusion_proof, verify_inclusion
from signoff.audit.verify import verify

KEY = bytes(range(32))
unhurried = settings(deadline=None)  # a busy machine is not a wrong answer
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
LINKING = ("workflow_id", "n", "hash", "prev_hash")
COLUMNS = ("seq", "gate_key", "at", "actor", "event", "body", *LINKING)


@st.composite
def trails(draw: st.DrawFn, min_size: int = 1) -> list[Entry]:
    """A sound trail of up to four workflows, with gaps in its `seq`."""
    tips: dict[str, tuple[int, str]] = {}
    trail: list[Entry] = []
    seq = 0
    for workflow_id in draw(st.lists(st.sampled_from("abcd"), min_size=min_size, max_size=12)):
        seq += draw(st.integers(1, 3))
        n, prev_hash = tips.get(workflow_id, (0, GENESIS))
        entry = seal(
            seq=seq,
            workflow_id=workflow_id,
            n=n + 1,
            gate_key=draw(st.none() | st.just("g")),
            at=draw(NUMBERS),
            actor=draw(TEXTS),
            event="gate.decided",
            body=draw(st.dictionaries(TEXTS, VALUES, max_size=3)),
            prev_hash=prev_hash,
        )
        tips[workflow_id] = (entry.n, entry.hash)
        trail.append(entry)
    return trail


@st.composite
def one_byte_away(draw: st.DrawFn, value: Any) -> Any:
    """The value with one byte of it changed, added or taken out."""
    if value is None:
        return draw(st.sampled_from(["", "g", 0, b""]))
    raw = str(value).encode()
    place = draw(st.integers(0, len(raw)))
    taken = draw(st.integers(0, 1))
    put_in = draw(st.binary(max_size=1)) if taken else draw(st.binary(min_size=1, max_size=1))
    changed = raw[:place] + put_in + raw[place + taken :]
    assume(changed != raw)
    text = changed.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return text
    try:
        number = int(text)
    except ValueError:
        return text
    assume(number != value)
    return number


@st.composite
def alterations(draw: st.DrawFn) -> tuple[list[Entry], int, Entry]:
    """A sound trail, an index into it, and that entry with one byte of one column changed."""
    trail = draw(trails())
    index = draw(st.integers(0, len(trail) - 1))
    column = draw(st.sampled_from(COLUMNS))
    value = draw(one_byte_away(getattr(trail[index], column)))
    return trail, index, replace(trail[index], **{column: value})


@unhurried
@given(trails(), st.randoms(use_true_random=False))
def test_a_sound_trail_is_clean_in_whatever_order_it_comes(trail: list[Entry], shuffling: Any) -> None:
    shuffling.shuffle(trail)
    assert verify_chain(trail) == []


@unhurried
@given(alterations(), st.randoms(use_true_random=False))
def test_one_changed_byte_breaks_verification_at_that_entry_alone(
    alteration: tuple[list[Entry], int, Entry], shuffling: Any
) -> None:
    trail, index, altered = alteration
    tampered = [*trail[:index], altered, *trail[index + 1 :]]
    expected = [(altered.seq if type(altered.seq) is int else None, "entry-altered")]
    assert [(finding.seq, finding.code) for finding in verify_chain(tampered)] == expected
    shuffling.shuffle(tampered)
    assert [(finding.seq, finding.code) for finding in verify_chain(tampered)] == expected


@unhurried
@given(st.data(), trails())
def test_any_number_of_altered_entries_are_named_and_no_others(data: st.DataObject, trail: list[Entry]) -> None:
    # Where links are altered as well as what they lead to, nobody can tell an altered entry from one put in its place.
    chosen = data.draw(
        st.dictionaries(st.integers(0, len(trail) - 1), st.sampled_from(["at", "actor", "body", "hash"]))
    )
    tampered = list(trail)
    for index, column in chosen.items():
        value = data.draw(one_byte_away(getattr(trail[index], column)))
        tampered[index] = replace(trail[index], **{column: value})
    findings = [(finding.seq, finding.code) for finding in verify_chain(tampered)]
    assert findings == [(trail[index].seq, "entry-altered") for index in sorted(chosen)]


@unhurried
@given(st.data(), trails(min_size=2))
def test_deleted_entries_are_missed_exactly_where_their_chains_go_on(data: st.DataObject, trail: list[Entry]) -> None:
    gone = data.draw(st.sets(st.sampled_from([entry.seq for entry in trail])))
    left = [entry for entry in trail if entry.seq not in gone]
    after_a_gap = []
    for entry in left:
        before = [other for other in trail if other.workflow_id == entry.workflow_id and other.n == entry.n - 1]
        if before and before[0].seq in gone:
            after_a_gap.append((entry.seq, "entry-missing"))
    assert [(finding.seq, finding.code) for finding in verify_chain(left)] == after_a_gap


@unhurried
@given(st.data(), trails())
def test_nothing_under_a_head_can_be_removed_moved_or_put_in(data: st.DataObject, trail: list[Entry]) -> None:
    root = Frontier(entry.hash for entry in trail).root()
    head = sign_head(KEY, tree_size=len(trail), root=root, signed_at=0)
    assert verify(trail, [head]).is_clean
    others = data.draw(st.lists(st.sampled_from(trail), max_size=len(trail)))
    assume(others != trail)
    assert not verify(others, [head]).is_clean


@unhurried
@given(trails())
def test_wire_and_export_are_the_inverse_of_reading_them(trail: list[Entry]) -> None:
    head = sign_head(KEY, tree_size=len(trail), root=GENESIS, signed_at=0)
    assert [entry_from_wire(to_wire(entry)) for entry in trail] == trail
    assert load(dump(trail, [head]), path="audit.jsonl") == (trail, [head])


@unhurried
@given(alterations())
def test_an_altered_entry_is_still_altered_after_an_export(alteration: tuple[list[Entry], int, Entry]) -> None:
    trail, index, altered = alteration
    entries, _ = load(dump([*trail[:index], altered, *trail[index + 1 :]], []), path="audit.jsonl")
    [finding] = verify_chain(entries)
    assert finding.code == "entry-altered"


@unhurried
@given(
    st.builds(
        Entry,
        *[st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() for _ in range(10)],
    )
)
def test_whatever_a_database_may_return_is_judged_and_never_crashes(entry: Entry) -> None:
    assert entry_hash(entry) is None or entry.hash != entry_hash(entry)
    assert [finding.code for finding in verify([entry], []).findings] == ["entry-altered"]
    assert len(load(dump([entry], []), path="audit.jsonl")[0]) == 1


def root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = max(power for power in (1, 2, 4, 8, 16, 32, 64) if power < len(leaves))
    return hashlib.sha256(b"\x01" + root_by_definition(leaves[:k]) + root_by_definition(leaves[k:])).digest()


@unhurried
@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_the_root_is_the_one_of_the_definition(leaves: list[bytes]) -> None:
    assert Frontier(leaf.hex() for leaf in leaves).root() == root_by_definition(leaves).hex()


@unhurried
@given(st.data(), st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True))
def test_a_proof_proves_its_leaf_and_no_other(data: st.DataObject, raw: list[bytes]) -> None:
    leaves = [leaf.hex() for leaf in raw]
    index, other = (data.draw(st.integers(0, len(leaves) - 1)) for _ in range(2))
    proof, root = inclusion_proof(leaves, index), Frontier(leaves).root()
    assert verify_inclusion(leaves[index], index, len(leaves), proof, root)
    assert verify_inclusion(leaves[other], index, len(leaves), proof, root) == (other == index)
    assert verify_inclusion(leaves[index], other, len(leaves), proof, root) == (other == index)


@unhurried
@given(st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32), NUMBERS, st.binary(min_size=32, max_size=32))
def test_what_any_key_has_signed_is_valid(tree_size: int, root: bytes, signed_at: int, key: bytes) -> None:
    assert is_signature_valid(sign_head(key, tree_size=tree_size, root=root.hex(), signed_at=signed_at))
