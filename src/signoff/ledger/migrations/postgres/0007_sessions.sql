-- Who is signed in at the inbox, and the links in notices that sign somebody in for one gate. Of both only the hash of
-- the secret is kept.

CREATE TABLE app.links (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    principal_id TEXT NOT NULL REFERENCES app.principals (id),
    workflow_id TEXT NOT NULL,
    gate_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    FOREIGN KEY (workflow_id, gate_key) REFERENCES app.human_gates (workflow_id, gate_key)
);

CREATE TABLE app.sessions (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    principal_id TEXT NOT NULL REFERENCES app.principals (id),
    token_id TEXT REFERENCES app.tokens (id),
    link_id TEXT REFERENCES app.links (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK (token_id IS NULL OR link_id IS NULL),
    CHECK (expires_at <= ends_at)
);
CREATE INDEX sessions_of ON app.sessions (principal_id, ends_at);
