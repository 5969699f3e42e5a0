"""A graph with a gate, for a process that is killed: `python graph_program.py DIRECTORY ask|resume|retry`.

request -> wait -> execute. The second node lasts as long as there is a file `hold`; the third leaves a line in
`effects`, or raises where there is a file `broken`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph

import signoff
from signoff.langgraph import Resumer, gate

THREAD = "t-1"


class State(TypedDict, total=False):
    approved: bool


def build(client: signoff.Client, directory: Path) -> StateGraph[State]:
    def request(state: State) -> State:
        return {"approved": gate(client, "deploy", "Deploy?").is_approved}

    def wait(state: State) -> State:
        while (directory / "hold").exists():
            time.sleep(0.01)
        return {}

    def execute(state: State) -> State:
        if (directory / "broken").exists():
            raise ZeroDivisionError
        with (directory / "effects").open("a") as effects:
            effects.write("deployed\n")
        return {}

    graph = StateGraph(State).add_node("request", request).add_node("wait", wait).add_node("execute", execute)
    return graph.add_edge(START, "request").add_edge("request", "wait").add_edge("wait", "execute")


def main() -> None:
    directory, verb = Path(sys.argv[1]), sys.argv[2]
    config: Any = {"configurable": {"thread_id": THREAD}}
    with (
        signoff.connect(dir=directory / ".signoff", actor="robot") as client,
        SqliteSaver.from_conn_string(str(directory / "threads.db")) as checkpoints,
    ):
        graph = build(client, directory).compile(checkpointer=checkpoints)
        resumer = Resumer(graph, checkpoints, client, lapse_s=0.3)
        if verb == "ask":
            graph.invoke({}, config, durability="sync")
        elif verb == "retry":
            resumer.retry(THREAD)
        else:
            resumer.run_once()


if __name__ == "__main__":
    main()
