"""What happens, drawn from the seed one event after the other, and told in one line each."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from signoff.app.add_principal import add_principal
from signoff.app.world import World
from signoff.gates.gate import Gate
from signoff.ledger.store import SqlLedger
from signoff.plans.run import Run

from .ledger import AFTER, AT_COMMIT, BEFORE
from .people import Request
from .plans import CHOICES, PEOPLE, draw_constraints, draw_ladder, draw_plan, draw_requirement
from .system import SERVERS, WORKERS, System

RUNS_MAX, GATES_MAX = 4, 4
PATIENCE = 0.85


class Story:
    """`requests` is everything that people have asked for; `history` what has happened, as text."""

    def __init__(self, system: System, dice: Random, looking: SqlLedger) -> None:
        self.requests: list[Request] = []
        self.history: list[str] = []
        self._system = system
        self._dice = dice
        self._looking = looking
        self._runs = 0
        self._gates = 0

    def begin(self) -> None:
        for name in SERVERS:
            self._system.start(name)
        world = self._system.worlds["cli"]
        for name, roles in PEOPLE.items():
            add_principal(world, name=name, roles=roles, actor="root")
        for name in WORKERS:
            self._system.start(name)
        self._start_run()

    def happen(self) -> None:
        """One event, and a few turns of everybody."""
        self._dice.choices(list(_EVENTS), weights=list(_EVENTS.values()))[0](self)
        for _ in range(self._dice.choice((0, 2, 5, 15))):
            self._system.schedule.turn()
        self.send_again()

    def send_again(self, *, is_patient: bool = False) -> None:
        """Those who lost the connection try again somewhere else, or leave."""
        for request in [one for one in self.requests if one.is_to_be_sent]:
            if not is_patient and self._dice.random() > PATIENCE:
                request.is_given_up = True
                self.tell(f"{request} is given up")
            else:
                self._send(request)

    def ask(self, who: str, verb: str, /, **given: Any) -> Request:
        request = Request(who, verb, given)
        self.requests.append(request)
        self.tell(str(request))
        self._send(request)
        return request

    def answer_everything(self) -> bool:
        """Whether there was anything left to answer: a few people do, for and against."""
        waiting = [gate for gate in self.gates() if gate.state == "PENDING"]
        for gate in waiting:
            for who in self._dice.sample(list(PEOPLE), 3):
                self._answer(gate, who)
        return bool(waiting)

    def gates(self) -> list[Gate]:
        with self._looking.read() as tx:
            return tx.gates(state=None, role=None, risk=None, after=None, limit=200)

    def tell(self, text: str) -> None:
        at_s = self._system.schedule.now_ms / 1000
        self.history.append(f"{len(self.history) + 1:4}  {at_s:9.3f} s  {text}")

    def _send(self, request: Request) -> None:
        alive = [name for name in SERVERS if self._system.is_alive(name)]
        if not alive:
            request.place = None
            return
        name = self._dice.choice(alive)
        request.place, world = self._system.processes[name], self._system.worlds[name]
        self._system.schedule.spawn(request.place, request.verb, lambda: self._carry_out(request, world))

    def _carry_out(self, request: Request, world: World) -> None:
        request.carry_out(world)
        place = "nobody" if request.place is None else request.place.name
        self.tell(f"{request.who} is told by {place}: {request.told}")

    # What may happen

    def _start_run(self) -> None:
        if self._runs >= RUNS_MAX:
            return self._answer_something()
        self._runs += 1
        who = self._dice.choice(list(PEOPLE))
        if self._dice.random() < 0.4:
            self.ask(who, "start", constraints=draw_constraints(self._dice))
        else:
            self.ask(who, "start_plan", name=f"plan-{self._runs}", plan=draw_plan(self._dice))
        return None

    def _open_gate(self) -> None:
        if self._gates >= GATES_MAX:
            return self._answer_something()
        self._gates += 1
        who = self._dice.choice(list(PEOPLE))
        on_decision = self._dice.choice(
            (
                {"kind": "none"},
                {"kind": "message"},
                {"kind": "callback", "url": "https://example.org/hook"},
                {"kind": "resume", "thread_id": "t", "checkpoint_id": "c"},
            )
        )
        given: dict[str, Any] = {
            "workflow_id": f"flow-{self._dice.choice((1, 2))}",
            "gate_key": f"gate-{self._dice.choice((1, 2, 3))}",
            "prompt": {"title": "Go?", "choices": CHOICES},
            "ttl_s": self._dice.choice((3, 40, 600)),
            "requirement": draw_requirement(self._dice),
            "requested_by": who,
            "ladder": draw_ladder(self._dice),
            "automatic": self._dice.choice((None, None, None, None, "policy:low")),
            "on_decision": on_decision,
        }
        self.ask(who, "open", **given)
        if self._dice.random() < 0.3:
            self.ask(who, "open", **given)
        return None

    def _answer_something(self) -> None:
        gates = self.gates()
        waiting = [gate for gate in gates if gate.state == "PENDING"]
        if gates:
            among = waiting if waiting and self._dice.random() < 0.8 else gates
            gate = self._dice.choice(among)
            for who in self._dice.sample(list(PEOPLE), self._dice.choice((1, 1, 2, 4))):
                self._answer(gate, who)

    def _answer(self, gate: Gate, who: str) -> None:
        effects = {choice.key: choice.effect for choice in gate.prompt.choices}
        weights = [{"approve": 8, "reject": 1}.get(effect, 1) for effect in effects.values()]
        [choice] = self._dice.choices(list(effects), weights=weights)
        digest = self._dice.choice((None, gate.prompt.digest, gate.prompt.digest, "0" * 64))
        self.ask(
            who,
            "reply",
            workflow_id=gate.workflow_id,
            gate_key=gate.gate_key,
            payload={"choice": choice, "rationale": f"{who} has looked"},
            dedupe_key=f"{who}-{self._dice.choice((1, 2, 3))}",
            prompt_digest=digest,
        )

    def _say_again(self) -> None:
        """The same answer, or another one under the same key."""
        said = [request for request in self.requests if request.verb == "reply"]
        if not said:
            return
        earlier = self._dice.choice(said)
        given = dict(earlier.given)
        if self._dice.random() < 0.3:
            given["payload"] = {**given["payload"], "rationale": "on second thoughts"}
        self.ask(earlier.who, "reply", **given)

    def _override(self) -> None:
        self._about_a_gate("override", self._dice.choice(("boss", "boss", "ada")))

    def _close_gate(self) -> None:
        self._about_a_gate("close", "eve")

    def _about_a_gate(self, verb: str, who: str) -> None:
        if gates := self.gates():
            gate = self._dice.choice(gates)
            self.ask(who, verb, workflow_id=gate.workflow_id, gate_key=gate.gate_key)

    def _cancel_run(self) -> None:
        if runs := self._known_runs():
            self.ask("eve", "cancel", workflow_id=self._dice.choice(runs).workflow_id)

    def _retry_run(self) -> None:
        if runs := self._known_runs():
            failed = [run for run in runs if run.status == "ERROR"]
            self.ask("eve", "retry", workflow_id=self._dice.choice(failed or runs).workflow_id)

    def _known_runs(self) -> list[Run]:
        with self._looking.read() as tx:
            return tx.runs(status=None, before=None, limit=50)

    def _delegate(self) -> None:
        who, to = self._dice.sample(list(PEOPLE), 2)
        self.ask(who, "delegate", to=to, ms=self._dice.choice((2_000, 60_000)))

    def _kill(self) -> None:
        name = self._dice.choice((*SERVERS, *WORKERS, *WORKERS))
        moments = self._dice.choice((0, 1, 1, 2, 3, 5, 8))
        if moments and self._system.is_alive(name):
            self._system.processes[name].dies_in = moments
            self.tell(f"{name} is to die at its moment {moments} from here")
        else:
            self._system.kill(name)
            self.tell(f"{name} is killed")

    def _bring_back(self) -> None:
        dead = [name for name in (*SERVERS, *WORKERS) if not self._system.is_alive(name)]
        if dead:
            name = self._dice.choice(dead)
            self._system.start(name)
            self.tell(f"{name} is started")

    def _stop_worker(self) -> None:
        name = self._dice.choice(WORKERS)
        self._system.stop(name)
        self.tell(f"{name} is told to end")

    def _stall(self) -> None:
        process = self._system.processes[self._dice.choice((*SERVERS, *WORKERS))]
        stalled_ms = self._dice.choice((500, 15_000, 90_000))
        process.stalled_until = self._system.schedule.now_ms + stalled_ms
        self.tell(f"{process.name} stands still for {stalled_ms / 1000:g} s")

    def _move_clock(self) -> None:
        process = self._system.processes[self._dice.choice((*SERVERS, *WORKERS))]
        process.skew_ms = self._dice.choice((-120_000, -20_000, -500, 0, 500, 20_000, 120_000))
        self.tell(f"the clock of {process.name} is {process.skew_ms / 1000:+g} s off")

    def _lose_ledger(self) -> None:
        process = self._system.processes[self._dice.choice((*SERVERS, *WORKERS))]
        process.fails = self._dice.choices((BEFORE, AT_COMMIT, AFTER), k=self._dice.choice((1, 2, 4)))
        self.tell(f"{process.name} loses the ledger: {', '.join(process.fails)}")

    def _pass_time(self) -> None:
        passed_ms = self._dice.choice((50, 1_000, 1_000, 5_000, 12_000, 30_000, 70_000, 400_000))
        self._system.schedule.now_ms += passed_ms
        self.tell(f"{passed_ms / 1000:g} s pass")


_EVENTS: dict[Callable[[Story], None], int] = {
    Story._start_run: 3,
    Story._open_gate: 4,
    Story._answer_something: 14,
    Story._say_again: 4,
    Story._override: 1,
    Story._close_gate: 1,
    Story._cancel_run: 1,
    Story._retry_run: 2,
    Story._delegate: 1,
    Story._kill: 5,
    Story._bring_back: 7,
    Story._stop_worker: 1,
    Story._stall: 2,
    Story._move_clock: 2,
    Story._lose_ledger: 2,
    Story._pass_time: 10,
}
