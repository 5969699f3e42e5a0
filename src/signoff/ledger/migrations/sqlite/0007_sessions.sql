-- Who is signed in at the inbox, and the links in notices that sign somebody in for one gate. Of both only the hash of
-- the secret is kept.

CREATE TABLE app.links (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    principal_id TEXT NOT NULL REFERENCES principals (id),
    workflow_id TEXT NOT NULL,
    gate_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    FOREIGN KEY (workflow_id, gate_key) REFERENCES human_gates (workflow_id, gate_key)
) STRICT;

CREATE TABLE app.sessions (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    principal_id TEXT NOT NULL REFERENCES principals (id),
    token_id TEXT REFERENCES tokens (id),
    link_id TEXT REFERENCES links (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK (token_id IS NULL OR link_id IS NULL),
    CHECK (expires_at <= ends_at)
) STRICT;
CREATE INDEX app.sessions_of ON sessions (principal_id, ends_at);
