from __future__ import annotations

import re

import pytest

from signoff import errors
from signoff.errors import (
    ConflictError,
    DocumentError,
    GateDecidedError,
    InvalidInputError,
    OperationError,
    SignoffError,
)

CLASSES = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, SignoffError)]


def drawn_tree() -> dict[str, str | None]:
    """The tree of the module's docstring: each class with the one it hangs from."""
    path: list[tuple[int, str]] = []
    tree: dict[str, str | None] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"\s*([│├└─\s]*)(\w+Error)\b", line)
        if found:
            depth = found.start(2)
            path = [(at, name) for at, name in path if at < depth]
            tree[found.group(2)] = path[-1][1] if path else None
            path.append((depth, found.group(2)))
    return tree


def test_the_drawn_tree_is_the_tree() -> None:
    assert drawn_tree() == {one.__name__: None if one is SignoffError else one.__mro__[1].__name__ for one in CLASSES}


def test_nobody_inherits_from_two_classes() -> None:
    assert all(len(one.__bases__) == 1 for one in CLASSES)


def test_every_code_is_kebab_case_but_the_one_that_is_older() -> None:
    odd = [one.code for one in CLASSES if re.fullmatch(r"[a-z]+(-[a-z]+)*", one.code) is None]
    assert odd == ["queue_policy_violation"]


def test_no_two_classes_share_a_code() -> None:
    assert len({one.code for one in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("GateDecidedError", "gate-decided"),
        ("GateTimedOutError", "gate-timed-out"),
        ("GateCancelledError", "gate-cancelled"),
        ("QueuePolicyError", "queue_policy_violation"),
    ],
)
def test_the_promised_codes_are_kept(name: str, code: str) -> None:
    assert getattr(errors, name)("No.").code == code


def test_an_error_says_one_sentence_and_carries_its_facts() -> None:
    facts = {"min": 1}
    error = InvalidInputError("Too small.", code="too-small", details=facts)
    facts["min"] = 2
    assert (str(error), error.message, error.code, error.details) == (
        "Too small.",
        "Too small.",
        "too-small",
        {"min": 1},
    )


def test_a_code_given_to_one_error_is_not_that_of_the_next() -> None:
    InvalidInputError("No.", code="other")
    assert InvalidInputError("No.").code == "invalid-input"


def test_a_conflict_carries_the_receipt_of_the_winner_as_it_was() -> None:
    receipt = {"decision": "yes"}
    error = GateDecidedError("Too late.", receipt=receipt)
    receipt["decision"] = "no"
    assert error.receipt == {"decision": "yes"}
    assert error.code == "gate-decided"


def test_a_conflict_may_have_no_winner() -> None:
    assert ConflictError("Taken.").receipt is None


@pytest.mark.parametrize(("line", "where"), [(3, "plan.md:3"), (None, "plan.md")])
def test_a_document_error_begins_with_where_it_is(line: int | None, where: str) -> None:
    error = DocumentError("there is no goal.", path="plan.md", line=line)
    assert str(error) == f"{where}: there is no goal."
    assert (error.path, error.line) == ("plan.md", line)
    assert error.details == {"path": "plan.md", "line": line}


def test_whose_move_it_is_can_be_told_from_the_class() -> None:
    first_split = {one.__name__ for one in SignoffError.__subclasses__()}
    assert first_split == {"CallerError", "DiagnosticError", "DocumentError", "OperationError"}
    assert not issubclass(OperationError, errors.CallerError)
