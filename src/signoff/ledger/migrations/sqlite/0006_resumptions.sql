-- Decisions on their way into a graph's thread: one row for each gate that was asked in a node, from its end on. Rows
-- stay. Whoever resumes a thread has claimed all of its due rows.

CREATE TABLE app.resumptions (
    workflow_id TEXT NOT NULL,
    gate_key TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'done', 'overtaken', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    claimed_at INTEGER,
    claimed_by TEXT,
    passed_at INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    done_at INTEGER,
    PRIMARY KEY (workflow_id, gate_key),
    FOREIGN KEY (workflow_id, gate_key) REFERENCES human_gates (workflow_id, gate_key),
    CHECK ((state = 'due') = (done_at IS NULL))
) STRICT;
CREATE INDEX app.resumptions_due ON resumptions (next_at, workflow_id) WHERE state = 'due';
CREATE INDEX app.resumptions_held ON resumptions (workflow_id) WHERE state = 'due' AND claimed_by IS NOT NULL;
