"""A deployment that stops for people: assess_risk -> request_approval -> execute_task, as a LangGraph.

    uv run --extra langgraph python examples/langgraph_deploy.py

asks, says how to answer from another terminal, waits, and deploys or does not. Kill it at any moment and start it
again: it goes on where it was. Threads are kept in a file by SqliteSaver; with `--checkpoints postgresql://...` by
PostgresSaver. The gate is in the ledger of `--dir` or `--database-url`, where every surface of signoff finds it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph

import signoff
from signoff.langgraph import Resumer, approval_node

LOOK_S = 0.2
TASK = {"operation": "deploy", "environment": "production", "description": "Deploy 1.4 to production"}


class State(TypedDict, total=False):
    task: dict[str, Any]
    approved: bool
    receipt: dict[str, Any]
    risk: dict[str, Any]
    log: str


def assess_risk(state: State) -> State:
    """What is found out about the task before anybody is asked: here, that the scan found nothing."""
    return {"task": {**state["task"], "security_findings": []}}


def execute_task(state: State) -> State:
    """The effect. A real one hands the interaction's id on, as the key by which a repeat is known for what it is."""
    with Path(state["log"]).open("a", encoding="utf-8") as log:
        log.write(f"{state['task']['description']} {state['receipt']['interaction_id']}\n")
    return {}


def build(client: signoff.Client) -> StateGraph[State]:
    graph = StateGraph(State)
    graph.add_node("assess_risk", assess_risk)
    graph.add_node("request_approval", approval_node(client, requested_by=lambda _: "deploy-bot"))
    graph.add_node("execute_task", execute_task)
    graph.add_edge(START, "assess_risk")
    graph.add_edge("assess_risk", "request_approval")
    graph.add_conditional_edges("request_approval", lambda state: "execute_task" if state["approved"] else END)
    return graph


@contextmanager
def open_checkpoints(where: str) -> Iterator[BaseCheckpointSaver[Any]]:
    if where.startswith(("postgres://", "postgresql://")):
        from langgraph.checkpoint.postgres import PostgresSaver

        with PostgresSaver.from_conn_string(where) as postgres:
            postgres.setup()
            yield postgres
        return
    from langgraph.checkpoint.sqlite import SqliteSaver

    with SqliteSaver.from_conn_string(where) as sqlite:
        yield sqlite


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    with (
        signoff.connect(dir=options.dir, database_url=options.database_url, actor=options.actor) as client,
        open_checkpoints(options.checkpoints) as checkpoints,
    ):
        graph = build(client).compile(checkpointer=checkpoints)
        config: Any = {"configurable": {"thread_id": options.thread}}
        thread = graph.get_state(config)
        if "approved" not in thread.values and not thread.interrupts:
            # The thread is new, or whoever began it died before it stopped for people.
            begun: State = {"task": TASK, "log": str(options.log)}
            graph.invoke(None if thread.values else begun, config, durability="sync")
        for gate in client.gates():
            if gate.workflow_id == options.thread:
                _say(f"waiting: signoff gate approve {gate.workflow_id} {gate.key} --rationale TEXT")
        if options.request_only:
            return 0
        _resume(Resumer(graph, checkpoints, client), lambda: bool(graph.get_state(config).next))
        is_approved = graph.get_state(config).values["approved"]
        _say("deployed" if is_approved else "not deployed")
        return 0 if is_approved else 1


def _resume(resumer: Resumer, is_waiting: Callable[[], bool]) -> None:
    while is_waiting():
        for resumed in resumer.run_once():
            if resumed.error is not None:
                raise resumed.error
        time.sleep(LOOK_S)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Deploy, if people agree.")
    parser.add_argument("--thread", default="deploy-1.4", help="the thread's id; the same one goes on")
    parser.add_argument("--checkpoints", default="checkpoints.db", help="a file, or the URL of a Postgres database")
    parser.add_argument("--dir", help="the ledger's directory (default .signoff)")
    parser.add_argument("--database-url", help="the ledger's Postgres database")
    parser.add_argument("--actor", help="who runs this (default: your user)")
    parser.add_argument("--log", type=Path, default=Path("deployments.log"), help="where the deployment leaves a line")
    parser.add_argument("--request-only", action="store_true", help="ask, and leave the rest to another process")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
