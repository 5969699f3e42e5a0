-- The ledger as of 0.1. Instants are epoch milliseconds.

CREATE TABLE app.intents (
    id TEXT PRIMARY KEY,
    goal TEXT NOT NULL,
    inputs TEXT NOT NULL CHECK (json_valid(inputs)),
    constraints TEXT NOT NULL CHECK (json_valid(constraints)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE app.runs (
    id TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL UNIQUE,
    intent_id TEXT REFERENCES intents (id),
    door TEXT NOT NULL,
    recipe TEXT NOT NULL,
    plan TEXT NOT NULL CHECK (json_valid(plan)),
    plan_digest TEXT NOT NULL CHECK (length(plan_digest) = 64 AND plan_digest NOT GLOB '*[^0-9a-f]*'),
    status TEXT NOT NULL CHECK (status IN ('ENQUEUED', 'PENDING', 'WAITING_INPUT', 'SUCCESS', 'ERROR', 'CANCELLED')),
    node TEXT,
    last_step TEXT,
    next_action TEXT NOT NULL,
    error TEXT,
    retry_count INTEGER NOT NULL DEFAULT 0,
    queue_partition_key TEXT,
    requested_by TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX app.runs_newest ON runs (created_at DESC, id DESC);
CREATE INDEX app.runs_by_status ON runs (status, created_at DESC, id DESC);

CREATE TABLE app.run_steps (
    run_id TEXT NOT NULL REFERENCES runs (id),
    step_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    phase TEXT NOT NULL,
    output TEXT NOT NULL CHECK (json_valid(output)),
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, step_id, attempt)
) STRICT;

CREATE TABLE app.artifacts (
    run_id TEXT NOT NULL REFERENCES runs (id),
    step_id TEXT NOT NULL,
    task_key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    kind TEXT NOT NULL,
    uri TEXT,
    inline TEXT,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, step_id, task_key, attempt, idx)
) STRICT;

CREATE TABLE app.human_interactions (
    id TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL,
    run_id TEXT,
    gate_key TEXT NOT NULL,
    topic TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    payload_hash TEXT NOT NULL CHECK (length(payload_hash) = 64 AND payload_hash NOT GLOB '*[^0-9a-f]*'),
    origin TEXT NOT NULL CHECK (origin IN ('manual', 'console', 'inbox', 'sdk', 'langgraph', 'compat', 'webhook',
        'webhook-ci', 'api-shim', 'engine-dbos', 'external', 'unknown')),
    actor TEXT NOT NULL,
    role TEXT,
    choice TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (workflow_id, gate_key, topic, dedupe_key)
) STRICT;

CREATE TABLE app.human_gates (
    workflow_id TEXT NOT NULL,
    gate_key TEXT NOT NULL,
    run_id TEXT REFERENCES runs (id),
    topic TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('PENDING', 'RECEIVED', 'TIMED_OUT', 'CANCELLED')),
    prompt TEXT NOT NULL CHECK (json_valid(prompt)),
    prompt_digest TEXT NOT NULL CHECK (length(prompt_digest) = 64 AND prompt_digest NOT GLOB '*[^0-9a-f]*'),
    requirement TEXT NOT NULL CHECK (json_valid(requirement)),
    ladder TEXT NOT NULL CHECK (json_valid(ladder)),
    risk_level TEXT CHECK (risk_level IN ('low', 'medium', 'high', 'critical')),
    requested_by TEXT,
    opened_at INTEGER NOT NULL,
    deadline_at INTEGER NOT NULL,
    escalation_level INTEGER NOT NULL DEFAULT 0,
    decision TEXT,
    decided_by TEXT,
    decided_at INTEGER,
    interaction_id TEXT REFERENCES human_interactions (id),
    on_decision TEXT NOT NULL CHECK (json_valid(on_decision)),
    PRIMARY KEY (workflow_id, gate_key),
    CHECK ((state = 'PENDING') = (decided_at IS NULL)),
    CHECK ((state = 'RECEIVED') = (decision IS NOT NULL)),
    CHECK ((state = 'RECEIVED') = (interaction_id IS NOT NULL))
) STRICT;
CREATE INDEX app.human_gates_due ON human_gates (state, deadline_at, workflow_id, gate_key);
CREATE INDEX app.human_gates_by_key ON human_gates (gate_key);

CREATE TABLE app.audit_entries (
    seq INTEGER PRIMARY KEY,
    workflow_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    gate_key TEXT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (workflow_id, n)
) STRICT;

CREATE TABLE app.audit_heads (
    tree_size INTEGER PRIMARY KEY,
    root TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT;

CREATE TABLE app.outbox (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    dedupe_key TEXT NOT NULL UNIQUE,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    created_at INTEGER NOT NULL,
    claimed_at INTEGER,
    claimed_by TEXT,
    done_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT
) STRICT;
CREATE INDEX app.outbox_open ON outbox (id) WHERE done_at IS NULL;

CREATE TABLE app.principals (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    roles TEXT NOT NULL CHECK (json_valid(roles)),
    disabled_at INTEGER
) STRICT;

CREATE TABLE app.tokens (
    id TEXT PRIMARY KEY,
    principal_id TEXT NOT NULL REFERENCES principals (id),
    hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE TABLE app.workers (
    id TEXT PRIMARY KEY,
    started_at INTEGER NOT NULL,
    beat_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER app.audit_entries_no_update BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER app.audit_entries_no_delete BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER app.human_interactions_no_update BEFORE UPDATE ON human_interactions
BEGIN SELECT RAISE(ABORT, 'human_interactions is append-only'); END;
CREATE TRIGGER app.human_interactions_no_delete BEFORE DELETE ON human_interactions
BEGIN SELECT RAISE(ABORT, 'human_interactions is append-only'); END;

-- REPLACE deletes what is in its way without asking the triggers above.
CREATE TRIGGER app.audit_entries_no_replace BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE seq = NEW.seq OR (workflow_id = NEW.workflow_id AND n = NEW.n))
BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER app.human_interactions_no_replace BEFORE INSERT ON human_interactions
WHEN EXISTS (SELECT 1 FROM human_interactions WHERE id = NEW.id OR (workflow_id = NEW.workflow_id
    AND gate_key = NEW.gate_key AND topic = NEW.topic AND dedupe_key = NEW.dedupe_key))
BEGIN SELECT RAISE(ABORT, 'human_interactions is append-only'); END;
