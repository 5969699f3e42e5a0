"""Somebody's own program: a durable workflow that asks for a sign-off and blocks until it is told of the decision.

    waiting_program.py SYSTEM_DATABASE_URL WORKFLOW_ID TOPIC

It prints `waiting` when the workflow runs, and then what it was told.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from dbos import DBOS, DBOSPortableJSONSerializer, SetWorkflowID


@DBOS.workflow(name="deploy")
def deploy(topic: str) -> Any:
    return DBOS.recv(topic, timeout_seconds=60)


if __name__ == "__main__":
    url, workflow_id, topic = sys.argv[1:]
    DBOS(
        config={
            "name": "deployer",
            "system_database_url": url,
            "executor_id": "deployer",
            "application_version": "1",
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
        }
    )
    DBOS.launch()
    with SetWorkflowID(workflow_id):
        waiting = DBOS.start_workflow(deploy, topic)
    sys.stdout.write("waiting\n")
    sys.stdout.flush()
    sys.stdout.write(json.dumps(waiting.get_result()) + "\n")
    DBOS.destroy()
