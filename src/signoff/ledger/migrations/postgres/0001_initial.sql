-- The ledger as of 0.1. Instants are epoch milliseconds.

CREATE TABLE app.intents (
    id TEXT PRIMARY KEY,
    goal TEXT NOT NULL,
    inputs JSONB NOT NULL,
    constraints JSONB NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE app.runs (
    id TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL UNIQUE,
    intent_id TEXT REFERENCES app.intents (id),
    door TEXT NOT NULL,
    recipe TEXT NOT NULL,
    plan JSONB NOT NULL,
    plan_digest TEXT NOT NULL CHECK (plan_digest ~ '^[0-9a-f]{64}$'),
    status TEXT NOT NULL CHECK (status IN ('ENQUEUED', 'PENDING', 'WAITING_INPUT', 'SUCCESS', 'ERROR', 'CANCELLED')),
    node TEXT,
    last_step TEXT,
    next_action TEXT NOT NULL,
    error TEXT,
    retry_count INTEGER NOT NULL DEFAULT 0,
    queue_partition_key TEXT,
    requested_by TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX runs_newest ON app.runs (created_at DESC, id DESC);
CREATE INDEX runs_by_status ON app.runs (status, created_at DESC, id DESC);

CREATE TABLE app.run_steps (
    run_id TEXT NOT NULL REFERENCES app.runs (id),
    step_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    phase TEXT NOT NULL,
    output JSONB NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, step_id, attempt)
);

CREATE TABLE app.artifacts (
    run_id TEXT NOT NULL REFERENCES app.runs (id),
    step_id TEXT NOT NULL,
    task_key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    kind TEXT NOT NULL,
    uri TEXT,
    inline TEXT,
    sha256 TEXT NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, step_id, task_key, attempt, idx)
);

CREATE TABLE app.human_interactions (
    id TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL,
    run_id TEXT,
    gate_key TEXT NOT NULL,
    topic TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    payload JSONB NOT NULL,
    payload_hash TEXT NOT NULL CHECK (payload_hash ~ '^[0-9a-f]{64}$'),
    origin TEXT NOT NULL CHECK (origin IN ('manual', 'console', 'inbox', 'sdk', 'langgraph', 'compat', 'webhook',
        'webhook-ci', 'api-shim', 'engine-dbos', 'external', 'unknown')),
    actor TEXT NOT NULL,
    role TEXT,
    choice TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (workflow_id, gate_key, topic, dedupe_key)
);

CREATE TABLE app.human_gates (
    workflow_id TEXT NOT NULL,
    gate_key TEXT NOT NULL,
    run_id TEXT REFERENCES app.runs (id),
    topic TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('PENDING', 'RECEIVED', 'TIMED_OUT', 'CANCELLED')),
    prompt JSONB NOT NULL,
    prompt_digest TEXT NOT NULL CHECK (prompt_digest ~ '^[0-9a-f]{64}$'),
    requirement JSONB NOT NULL,
    ladder JSONB NOT NULL,
    risk_level TEXT CHECK (risk_level IN ('low', 'medium', 'high', 'critical')),
    requested_by TEXT,
    opened_at BIGINT NOT NULL,
    deadline_at BIGINT NOT NULL,
    escalation_level INTEGER NOT NULL DEFAULT 0,
    decision TEXT,
    decided_by TEXT,
    decided_at BIGINT,
    interaction_id TEXT REFERENCES app.human_interactions (id),
    on_decision JSONB NOT NULL,
    PRIMARY KEY (workflow_id, gate_key),
    CHECK ((state = 'PENDING') = (decided_at IS NULL)),
    CHECK ((state = 'RECEIVED') = (decision IS NOT NULL)),
    CHECK ((state = 'RECEIVED') = (interaction_id IS NOT NULL))
);
CREATE INDEX human_gates_due ON app.human_gates (state, deadline_at, workflow_id, gate_key);
CREATE INDEX human_gates_by_key ON app.human_gates (gate_key);

CREATE TABLE app.audit_entries (
    seq BIGINT PRIMARY KEY,
    workflow_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    gate_key TEXT,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    body JSONB NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (workflow_id, n)
);
CREATE SEQUENCE app.audit_entries_seq OWNED BY app.audit_entries.seq;

CREATE TABLE app.audit_heads (
    tree_size BIGINT PRIMARY KEY,
    root TEXT NOT NULL,
    signed_at BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL
);

CREATE TABLE app.outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL,
    dedupe_key TEXT NOT NULL UNIQUE,
    payload JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    claimed_at BIGINT,
    claimed_by TEXT,
    done_at BIGINT,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT
);
CREATE INDEX outbox_open ON app.outbox (id) WHERE done_at IS NULL;

CREATE TABLE app.principals (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    roles JSONB NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE app.tokens (
    id TEXT PRIMARY KEY,
    principal_id TEXT NOT NULL REFERENCES app.principals (id),
    hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE app.workers (
    id TEXT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL
);

CREATE FUNCTION app.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON app.audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER human_interactions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON app.human_interactions
    FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

-- The relay and everybody who waits for a decision is woken in the transaction that writes it.
CREATE FUNCTION app.notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('signoff_outbox', '');
    RETURN NULL;
END;
$$;
CREATE TRIGGER outbox_notify AFTER INSERT ON app.outbox
    FOR EACH STATEMENT EXECUTE FUNCTION app.notify_outbox();
CREATE TRIGGER human_gates_notify AFTER UPDATE ON app.human_gates
    FOR EACH STATEMENT EXECUTE FUNCTION app.notify_outbox();
