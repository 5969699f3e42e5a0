"""JSON goes into a database and comes out with the digest that it had."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_databases import T0
from ledger_samples import a_gate, a_run, a_step, an_intent, an_interaction, append, put_gates

from signoff.app.ports.ledger import Ledger
from signoff.audit.entry import entry_hash
from signoff.gates.digest import INTEGER_MAX, digest_of
from signoff.gates.prompt import prompt_digest

VALUES = {
    "large floats": [1e22, 1e20, 1.7976931348623157e308, float(2**53)],
    "small floats": [0.1, 5e-324, -0.0, 1e-7, 0.1 + 0.2],
    "whole floats": [1.0, -3.0],
    "integers": [0, -1, INTEGER_MAX, -INTEGER_MAX],
    "texts": ["", " ", "ü", "\U0001f600", "\ufeff", "\u2028", 'a"b\\c', "\x01\x1f\x7f", "%s %(a)s :a"],
    "keys": {"\U0001f600": 1, "\ufb33": 2, "": 3, "b": 4, "a": 5, "B": 6},
    "nested": {"a": [[[{"b": [{}, [], None, True, False]}]]]},
    "deep": [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]],
    "long": "ä" * 100_000,
    "empty": {},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_digests_are_stable_through_storage(ledger: Ledger, value: Any) -> None:
    document = {"value": value}
    gate = a_gate(payload=value)
    interaction = an_interaction(gate, payload={"choice": "yes", "value": value})
    put_gates(ledger, gate)
    with ledger.write("wf-1", "test") as tx:
        tx.insert_intent(an_intent(inputs=document))
        tx.insert_run(a_run(plan=document))
        tx.insert_step(a_step(output=document))
        tx.insert_interaction(interaction)
        tx.insert_outbox(kind="message", dedupe_key="k", payload=document, now=T0)
    entry = append(ledger, "wf-1", body=document)
    with ledger.read() as reader:
        intent, run, [step] = reader.intent("it_1"), reader.run("run-1"), reader.steps("run-1")
        stored_gate, stored_interaction = reader.gate("wf-1", "go-live"), reader.interaction(interaction.id)
        [stored_entry] = reader.audit.all_entries()
    assert intent is not None
    assert run is not None
    assert stored_gate is not None
    assert stored_interaction is not None
    assert {digest_of(stored) for stored in (intent["inputs"], run.plan, step["output"])} == {digest_of(document)}
    assert stored_interaction.payload_hash == digest_of(stored_interaction.payload) == interaction.payload_hash
    assert prompt_digest(stored_gate.prompt.wire, stored_gate.requirement) == gate.prompt.digest
    assert stored_entry == entry
    assert entry_hash(stored_entry) == entry.hash
