-- Notices on their way to people: one row for each event of a gate and each target that is told of it. Rows stay.

CREATE TABLE app.deliveries (
    id TEXT PRIMARY KEY,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id),
    event TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    gate_key TEXT NOT NULL,
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'given-up')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    claimed_at INTEGER,
    claimed_by TEXT,
    last_error TEXT,
    remote_ref TEXT,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    UNIQUE (outbox_id, channel, target),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
) STRICT;
CREATE INDEX app.deliveries_due ON deliveries (channel, target, next_at) WHERE state = 'pending';
CREATE INDEX app.deliveries_at ON deliveries (workflow_id, gate_key, channel, target, outbox_id);
CREATE INDEX app.deliveries_newest ON deliveries (created_at DESC, id DESC);
