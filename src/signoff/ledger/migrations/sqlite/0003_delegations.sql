-- Who may act in whose roles, and until when. One row of a pair is in force at most.

CREATE TABLE app.delegations (
    id TEXT PRIMARY KEY,
    from_principal TEXT NOT NULL REFERENCES principals (id),
    to_principal TEXT NOT NULL REFERENCES principals (id),
    until_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    CHECK (from_principal <> to_principal)
) STRICT;
CREATE UNIQUE INDEX app.delegations_in_force ON delegations (to_principal, from_principal) WHERE revoked_at IS NULL;
