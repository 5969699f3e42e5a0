"""Following a run to its end, and answering at its gates on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from signoff.cli.call import Call
from signoff.cli.failure import DONE, FAILED, INTERRUPTED, WAITING, receipt_line
from signoff.cli.follow.attend import Attendance
from signoff.cli.follow.screen import Screen
from signoff.cli.follow.tail import Tail
from signoff.cli.gate.answer import dedupe_key_of
from signoff.cli.output import duration, hint, say
from signoff.cli.terminal import is_attended, one_line
from signoff.errors import GateFinalError
from signoff.plans import plan as plans
from signoff.plans.plan import Node, Plan, StepNode
from signoff.plans.run import Run, Status
from signoff.runners.live_output import live_output_path

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.sdk.backend import Backend

LOOK_S = 0.1


class Door(Protocol):
    """What differs from door to door. A view is that of a gate (`app.views.gate_view`)."""

    def greeting(self, about: Mapping[str, str]) -> tuple[str, str]:
        """What the run is of, in a heading and in a line."""
        ...

    def heading(self, node: StepNode) -> str | None:
        """Under which what a step does is shown; None where it shows nothing."""
        ...

    def place(self, node_id: str) -> str:
        """Where a run is, in a few words."""
        ...

    def told(self, row: Mapping[str, Any]) -> Iterator[str]:
        """The lines that a step leaves when it is done."""
        ...

    def shows_decided(self, receipt: Mapping[str, Any]) -> bool:
        """Whether a gate that was decided is shown all the same."""
        ...

    def answer(self, view: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What was said beforehand for this gate; None where a person is to be asked."""
        ...

    def draw(self, view: Mapping[str, Any], *, is_asked_here: bool) -> None: ...

    def ask(self, view: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask whoever sits here; the receipt."""
        ...

    def again(self) -> str:
        """The command that goes on with the run."""
        ...

    def after_failure(self, run: Run) -> str | None:
        """What tries it again from where it failed; None where it has ended for good."""
        ...

    def keep_up(self, run: Run) -> Run:
        """Whenever the run may have moved; the run as it is after that."""
        ...


@dataclass
class Follower:
    call: Call
    world: World
    backend: Backend
    workflow_id: str
    door: Door
    screen: Screen
    directory: Path
    attendance: Attendance = field(default_factory=Attendance)
    _told: set[str] = field(default_factory=set)
    _answered: set[str] = field(default_factory=set)
    _heading: str = ""
    _tails: dict[tuple[str, int], Tail] = field(default_factory=dict)

    def greet(self, *, is_resumed: bool) -> None:
        run = self._run()
        heading, line = self.door.greeting(self._plan.about)
        self.screen.line(heading, bold=True)
        verb = "goes on" if is_resumed else "begins"
        self.screen.line(f"  {line}: the run {run.workflow_id} {verb}")
        if is_resumed:
            # What happened before was told before.
            self._told.update(key for _, key, _ in self._news(run))
            if isinstance(self._node(run.node), StepNode):
                self._tail(str(run.node), run.attempt).skip()

    def follow(self, is_broken: threading.Event) -> int:
        """The exit code, as soon as there is nothing more to do here."""
        with self.world.ledger.watch() as watch:
            while not is_broken.is_set():
                run = self._run()
                self._tell(run)
                run = self.door.keep_up(run)
                if run.is_finished:
                    return DONE if run.status is Status.SUCCESS else FAILED
                code = self._at_gates(run)
                if code is not None:
                    return code
                self._attend()
                watch.wait(LOOK_S)
        return FAILED

    def leave(self) -> int:
        """Somebody interrupts: what waits for a person goes on waiting, and a step that runs is stopped."""
        self.screen.rest()
        run = self._run()
        self.door.keep_up(run)
        return WAITING if run.status is Status.WAITING_INPUT else INTERRUPTED

    @property
    def document(self) -> dict[str, Any]:
        return {
            **self.backend.run(self.workflow_id),
            "steps": self.backend.steps(self.workflow_id),
            "gates": self.backend.gates_of(self.workflow_id),
        }

    def take_leave(self) -> None:
        """What became of it, and what to do next."""
        self.screen.rest()
        run = self._run()
        if run.status is Status.SUCCESS:
            say(f"Done: every step, every gate ({duration(run.updated_at - run.created_at)}).", fg="green")
            hint(f"Who allowed what: {self.call.again('gate', 'report', '--run', run.workflow_id)}")
        elif run.status is Status.WAITING_INPUT:
            hint(f"The run goes on from here, as soon as it is answered: {self.door.again()}")
        elif run.is_finished:
            # What follows the first line is what was to be seen above.
            why = (run.error or run.status.value).splitlines()[0]
            say(f"Stopped: {one_line(why).rstrip(':')}", fg="red")
            again = self.door.after_failure(run) if run.status is Status.ERROR else None
            if again is not None:
                hint(f"Try it again from there: {again}")
        else:
            hint(f"Interrupted; it goes on with: {self.door.again()}")

    @cached_property
    def _plan(self) -> Plan:
        return plans.from_wire(self._run().plan)

    def _run(self) -> Run:
        from signoff.app.find import find_run

        return find_run(self.world, self.workflow_id)

    def _tell(self, run: Run) -> None:
        for _, key, tell in sorted(self._news(run), key=lambda news: news[:2]):
            if key not in self._told:
                self._told.add(key)
                tell()
        if run.status in (Status.PENDING, Status.ERROR) and isinstance(self._node(run.node), StepNode):
            self._show_work(str(run.node), run.attempt)
        if run.is_finished:
            self._show_rest()
        else:
            self.screen.progress(self._progress(run))

    def _news(self, run: Run) -> Iterator[tuple[int, str, Callable[[], None]]]:
        """Steps that are done and gates that were decided: when, under which key, and how they are told."""
        for row in self.backend.steps(run.workflow_id):
            yield row["finishedAt"], f"{row['stepId']} {row['attempt']}", partial(self._tell_step, row)
        for view in self.backend.gates_of(run.workflow_id):
            if view["state"] != "PENDING":
                yield view["receipt"]["at"], view["gateKey"], partial(self._tell_gate, view)

    def _show_rest(self) -> None:
        """The last that a step wrote before it failed: nothing else tells that it has ended."""
        for tail in self._tails.values():
            for line in tail.rest():
                self.screen.output(line)

    def _tell_step(self, row: Mapping[str, Any]) -> None:
        self._show_work(row["stepId"], row["attempt"])
        for line in self._tail(row["stepId"], row["attempt"]).rest():
            self.screen.output(line)
        for line in self.door.told(row):
            self.screen.line(f"  {line}")

    def _tell_gate(self, view: Mapping[str, Any]) -> None:
        receipt = view["receipt"]
        if self.door.shows_decided(receipt) and not self.call.is_json:
            self._draw(view)
        self.screen.line(f"{one_line(view['prompt']['title'])}: {receipt_line(receipt)}", bold=True)

    def _show_work(self, node_id: str, attempt: int) -> None:
        """The step's title when it begins, and what its programs have written since the last look."""
        heading = self.door.heading(self._plan.step(node_id))
        if heading is not None and heading != self._heading:
            self._heading = heading
            self.screen.line(heading, bold=True)
        for line in self._tail(node_id, attempt).lines():
            self.screen.output(line)

    def _tail(self, node_id: str, attempt: int) -> Tail:
        key = (node_id, attempt)
        if key not in self._tails:
            self._tails[key] = Tail(live_output_path(self.directory, self.workflow_id, node_id, attempt))
        return self._tails[key]

    def _progress(self, run: Run) -> str:
        if run.status is Status.WAITING_INPUT:
            return "waiting for others to answer; Ctrl-C leaves it open"
        where = self.door.place(run.node) if run.node and run.status is Status.PENDING else "starting"
        return f"{where}, {duration(self.backend.now() - run.updated_at)}; Ctrl-C stops it"

    def _node(self, node_id: str | None) -> Node | None:
        return None if node_id is None else self._plan.node(node_id)

    def _at_gates(self, run: Run) -> int | None:
        """The exit code where a gate has to wait for somebody who is not here."""
        if run.status is not Status.WAITING_INPUT:
            return None
        for view in self.backend.gates_of(run.workflow_id):
            if view["state"] == "PENDING" and view["gateKey"] not in self._answered:
                code = self._at_gate(view)
                if code is not None:
                    return code
        return None

    def _at_gate(self, view: Mapping[str, Any]) -> int | None:
        self.screen.rest()
        payload = self.door.answer(view)
        if payload is not None:
            receipt = self._say(view, payload)
        elif self.call.is_json or not is_attended():
            if not self.call.is_json:
                self._draw(view)
            return WAITING
        else:
            receipt = self._ask(view)
        self._answered.add(view["gateKey"])
        is_deferred = receipt["state"] == "PENDING" and not receipt.get("remaining")
        return WAITING if is_deferred else None

    def _say(self, view: Mapping[str, Any], payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """What `--answer` says.

        Raises:
            GateFinalError: somebody else decided otherwise meanwhile.
        """
        body = {
            "payload": payload,
            "dedupeKey": dedupe_key_of(self.call.actor, None, view, payload),
            "promptDigest": view["prompt"]["digest"],
        }
        try:
            receipt: Mapping[str, Any] = self.backend.reply(view["workflowID"], view["gateKey"], body)["receipt"]
        except GateFinalError as error:
            if error.receipt is None or error.receipt["decision"] != payload["choice"]:
                raise
            return error.receipt
        return receipt

    def _ask(self, view: Mapping[str, Any]) -> Mapping[str, Any]:
        self._draw(view)
        return self.door.ask(view)

    def _draw(self, view: Mapping[str, Any]) -> None:
        self.screen.rest()
        self.door.draw(view, is_asked_here=is_attended() or view["state"] != "PENDING")

    def _attend(self) -> None:
        wanted = self.attendance.next()
        if wanted is None:
            return
        # The step has written its prompt to where it is followed.
        self._tell(self._run())
        self.screen.rest()
        wait_until_done(wanted.title)
        wanted.done.set()


def wait_until_done(title: str) -> None:
    import questionary

    from signoff.cli.console.leaving import ask_or_leave

    ask_or_leave(
        questionary.press_any_key_to_continue(f"Press a key when {one_line(title)} is done (Ctrl-C leaves it)")
    )
