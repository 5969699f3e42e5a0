"""Many answers at once: one decision."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import httpx
from api_world import Api

RACERS = 8


def _at_once(send: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    line = threading.Barrier(RACERS)
    answers: list[httpx.Response] = []

    def race(number: int) -> None:
        line.wait()
        answers.append(send(number))

    threads = [threading.Thread(target=race, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_many_different_answers_one_wins_and_every_other_gets_the_winners_receipt(api: Api) -> None:
    for n in range(5):
        key = f"g-{n}"
        api.open_gate(gate_key=key)
        answers = _at_once(
            lambda i, key=key: api.reply(  # type: ignore[misc]
                "yes" if i % 2 else "no", dedupe_key=f"k-{i}", gate_key=key, actor=f"person-{i}"
            )
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: RACERS - 1}
        receipts = [answer.json()["receipt"] for answer in answers]
        assert all(receipt == receipts[0] for receipt in receipts)
        assert {answer.json().get("code") for answer in answers} == {None, "gate-decided"}
        assert api.get(f"/api/runs/deploy-1/gates/{key}").json()["receipt"] == receipts[0]


def test_the_same_answer_many_times_is_one_answer(api: Api) -> None:
    api.open_gate()
    answers = _at_once(lambda _: api.reply("yes", actor="ada"))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["isReplay"] for answer in answers) == [False] + [True] * (RACERS - 1)
    receipts = [answer.json()["receipt"] for answer in answers]
    assert all(receipt == receipts[0] for receipt in receipts)
    assert len(api.get("/api/runs/deploy-1/interactions").json()["items"]) == 1


def test_the_same_gate_opened_many_times_at_once_is_one_gate(api: Api) -> None:
    body = {"workflowId": "w", "gateKey": "g", "prompt": {"title": "Deploy?"}, "ttlS": 60}
    answers = _at_once(lambda _: api.post("/api/gates", json=body))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: RACERS - 1}
    assert len(api.get("/api/audit").json()["items"]) == 1
