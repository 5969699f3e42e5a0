-- Who may act in whose roles, and until when. One row of a pair is in force at most.

CREATE TABLE app.delegations (
    id TEXT PRIMARY KEY,
    from_principal TEXT NOT NULL REFERENCES app.principals (id),
    to_principal TEXT NOT NULL REFERENCES app.principals (id),
    until_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    CHECK (from_principal <> to_principal)
);
CREATE UNIQUE INDEX delegations_in_force ON app.delegations (to_principal, from_principal) WHERE revoked_at IS NULL;
