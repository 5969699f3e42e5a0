"""signoff for LangGraph (extra `langgraph`): gates in the nodes of a graph.

    def request_approval(state, config):
        receipt = signoff.langgraph.gate(client, "deploy", "Deploy 1.4 to production?", payload=state["task"])
        return {"approved": receipt.is_approved}

    Resumer(graph, checkpointer, client).run()

`gate` stops the thread for a person, `approval_node` for whoever a risk policy asks, and a `Resumer` resumes threads as
they are decided, each decision once however many of them run. Read in this order: `place` (which gate a node means),
`passage` (who may pass it), `gate`, `approval`, `holder` (who is alive), `move` (what is to be done with a thread),
`claimed`, `resumer`.

Raises:
    MissingProgramError: on import, where the extra is not installed.
"""

from importlib.util import find_spec

from signoff.errors import MissingProgramError

if find_spec("langgraph") is None:
    raise MissingProgramError("signoff.langgraph needs what is not installed: pip install 'signoff[langgraph]'")

from signoff.langgraph.approval import approval_node
from signoff.langgraph.claimed import Resumed
from signoff.langgraph.gate import agate, gate
from signoff.langgraph.resumer import Resumer

__all__ = ["Resumed", "Resumer", "agate", "approval_node", "gate"]
