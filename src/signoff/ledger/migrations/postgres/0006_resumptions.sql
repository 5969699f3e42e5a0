-- Decisions on their way into a graph's thread: one row for each gate that was asked in a node, from its end on. Rows
-- stay. Whoever resumes a thread has claimed all of its due rows.

CREATE TABLE app.resumptions (
    workflow_id TEXT NOT NULL,
    gate_key TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'done', 'overtaken', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL,
    claimed_at BIGINT,
    claimed_by TEXT,
    passed_at BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    done_at BIGINT,
    PRIMARY KEY (workflow_id, gate_key),
    FOREIGN KEY (workflow_id, gate_key) REFERENCES app.human_gates (workflow_id, gate_key),
    CHECK ((state = 'due') = (done_at IS NULL))
);
CREATE INDEX resumptions_due ON app.resumptions (next_at, workflow_id) WHERE state = 'due';
CREATE INDEX resumptions_held ON app.resumptions (workflow_id) WHERE state = 'due' AND claimed_by IS NOT NULL;
