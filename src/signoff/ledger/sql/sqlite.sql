-- What SQLite says differently.

-- name: lock_workflow
-- The immediate transaction is the lock.
SELECT 1;

-- name: next_entry
-- The next seq, and the end of this workflow's chain.
SELECT (SELECT COALESCE(MAX(seq), 0) + 1 FROM app.audit_entries) AS seq, c.n, c.hash
FROM (SELECT 1)
LEFT JOIN (SELECT n, hash FROM app.audit_entries WHERE workflow_id = :workflow_id ORDER BY n DESC LIMIT 1) c;

-- name: lock_entries
SELECT 1;

-- name: gates
-- The inbox: soonest deadline first, after a cursor of (deadline_at, workflow_id, gate_key).
SELECT g.*, i.payload AS reply, i.payload_hash, i.role, i.origin FROM app.human_gates g
LEFT JOIN app.human_interactions i ON i.id = g.interaction_id
WHERE (:state IS NULL OR g.state = :state)
  AND (:risk IS NULL OR g.risk_level = :risk)
  AND (:role IS NULL OR EXISTS (
    SELECT 1 FROM json_each(g.requirement, '$.needs') need, json_each(need.value, '$.any_of') held
    WHERE held.value IN (:role, '*')))
  AND (:after_at IS NULL OR (g.deadline_at, g.workflow_id, g.gate_key) > (:after_at, :after_workflow, :after_key))
ORDER BY g.deadline_at, g.workflow_id, g.gate_key
LIMIT :limit;

-- name: claim_outbox
UPDATE app.outbox SET claimed_at = :now, claimed_by = :worker, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM app.outbox
    WHERE done_at IS NULL AND (claimed_at IS NULL OR claimed_at <= :lapsed)
    ORDER BY id LIMIT :limit)
RETURNING *;

-- name: schema_table
SELECT COUNT(*) AS found FROM app.sqlite_master WHERE type = 'table' AND name = 'schema_migrations';
