-- What Postgres says differently.

-- name: lock_workflow
-- One writer a workflow; shared against whoever makes a head (lock_entries).
SELECT pg_advisory_xact_lock_shared(7307, 1), pg_advisory_xact_lock(hashtextextended(:workflow_id, 0));

-- name: next_entry
-- The next seq, and the end of this workflow's chain.
SELECT nextval('app.audit_entries_seq') AS seq, c.n, c.hash
FROM (SELECT 1) AS one
LEFT JOIN LATERAL (
    SELECT n, hash FROM app.audit_entries WHERE workflow_id = :workflow_id ORDER BY n DESC LIMIT 1) AS c ON TRUE;

-- name: lock_entries
-- Waits for every writer that may hold an uncommitted seq.
SELECT pg_advisory_xact_lock(7307, 1);

-- name: gates
-- The inbox: soonest deadline first, after a cursor of (deadline_at, workflow_id, gate_key).
SELECT g.*, i.payload AS reply, i.payload_hash, i.role, i.origin FROM app.human_gates g
LEFT JOIN app.human_interactions i ON i.id = g.interaction_id
WHERE (CAST(:state AS TEXT) IS NULL OR g.state = :state)
  AND (CAST(:risk AS TEXT) IS NULL OR g.risk_level = :risk)
  AND (CAST(:role AS TEXT) IS NULL OR jsonb_path_exists(g.requirement,
    '$.needs[*].any_of[*] ? (@ == $role || @ == "*")', jsonb_build_object('role', CAST(:role AS TEXT))))
  AND (CAST(:after_at AS BIGINT) IS NULL
    OR (g.deadline_at, g.workflow_id, g.gate_key) > (:after_at, :after_workflow, :after_key))
ORDER BY g.deadline_at, g.workflow_id, g.gate_key
LIMIT :limit;

-- name: gates_in_short
-- The same, with what one line of a list says.
SELECT g.workflow_id, g.gate_key, g.state, g.risk_level, g.title, g.deadline_at, g.kept_from FROM app.human_gates g
WHERE (CAST(:state AS TEXT) IS NULL OR g.state = :state)
  AND (CAST(:risk AS TEXT) IS NULL OR g.risk_level = :risk)
  AND (CAST(:role AS TEXT) IS NULL OR jsonb_path_exists(g.requirement,
    '$.needs[*].any_of[*] ? (@ == $role || @ == "*")', jsonb_build_object('role', CAST(:role AS TEXT))))
  AND (CAST(:after_at AS BIGINT) IS NULL
    OR (g.deadline_at, g.workflow_id, g.gate_key) > (:after_at, :after_workflow, :after_key))
ORDER BY g.deadline_at, g.workflow_id, g.gate_key
LIMIT :limit;

-- name: inbox_gates
-- Open gates in short, soonest deadline first, after a place (deadline_at, workflow_id, gate_key). `who` is me (it
-- waits for this actor, who holds these roles), others, or all; roles that are NULL are every role.
SELECT g.workflow_id, g.gate_key, g.run_id, g.state, g.risk_level, g.requested_by, g.opened_at, g.deadline_at,
    g.escalation_level, g.decision, g.decided_by, g.decided_at, g.requirement, g.title,
    g.prompt -> 'choices' AS choices, g.prompt #>> '{payload,subject,tier}' AS tier,
    COALESCE((SELECT r.door FROM app.runs r WHERE r.id = g.run_id), 'outside') AS door
FROM app.human_gates g
WHERE g.state = 'PENDING' AND (g.deadline_at, g.workflow_id, g.gate_key) > (:after_at, :after_workflow, :after_key)
  AND (CAST(:risk AS TEXT) IS NULL OR g.risk_level = :risk)
  AND (CAST(:role AS TEXT) IS NULL OR g.roles ?| ARRAY[CAST(:role AS TEXT), '*'])
  AND (CAST(:door AS TEXT) IS NULL
    OR COALESCE((SELECT r.door FROM app.runs r WHERE r.id = g.run_id), 'outside') = :door)
  AND (CAST(:text AS TEXT) IS NULL OR strpos(lower(g.title), lower(:text)) > 0
    OR strpos(lower(g.workflow_id), lower(:text)) > 0 OR strpos(lower(g.gate_key), lower(:text)) > 0)
  AND (:who = 'all' OR :who = CASE
    WHEN (CAST(:roles AS JSONB) IS NULL
      OR g.roles ?| ARRAY(SELECT jsonb_array_elements_text(CAST(:roles AS JSONB) || '["*"]')))
    AND NOT g.kept_from ? CAST(:plain_actor AS TEXT)
    AND NOT EXISTS (
      SELECT 1 FROM app.human_interactions i, jsonb_array_elements(g.prompt -> 'choices') c
      WHERE i.workflow_id = g.workflow_id AND i.gate_key = g.gate_key AND i.actor = :actor
        AND i.choice = c ->> 'key' AND c ->> 'effect' = 'approve')
    THEN 'me' ELSE 'others' END)
ORDER BY g.deadline_at, g.workflow_id, g.gate_key
LIMIT :limit;

-- name: inbox_counts
-- How many gates are open; of these, how many the list of `inbox_gates` has for all, and for me.
SELECT (SELECT COUNT(*) FROM app.human_gates WHERE state = 'PENDING') AS open, COUNT(*) AS found,
    COUNT(CASE WHEN (CAST(:roles AS JSONB) IS NULL
          OR g.roles ?| ARRAY(SELECT jsonb_array_elements_text(CAST(:roles AS JSONB) || '["*"]')))
        AND NOT g.kept_from ? CAST(:plain_actor AS TEXT)
        AND NOT EXISTS (
          SELECT 1 FROM app.human_interactions i, jsonb_array_elements(g.prompt -> 'choices') c
          WHERE i.workflow_id = g.workflow_id AND i.gate_key = g.gate_key AND i.actor = :actor
            AND i.choice = c ->> 'key' AND c ->> 'effect' = 'approve') THEN 1 END) AS mine
FROM app.human_gates g
WHERE g.state = 'PENDING'
  AND (CAST(:risk AS TEXT) IS NULL OR g.risk_level = :risk)
  AND (CAST(:role AS TEXT) IS NULL OR g.roles ?| ARRAY[CAST(:role AS TEXT), '*'])
  AND (CAST(:door AS TEXT) IS NULL
    OR COALESCE((SELECT r.door FROM app.runs r WHERE r.id = g.run_id), 'outside') = :door)
  AND (CAST(:text AS TEXT) IS NULL OR strpos(lower(g.title), lower(:text)) > 0
    OR strpos(lower(g.workflow_id), lower(:text)) > 0 OR strpos(lower(g.gate_key), lower(:text)) > 0);

-- name: ended_gates
-- Final gates in short, last opened first, before a place (opened_at, workflow_id, gate_key).
SELECT g.workflow_id, g.gate_key, g.run_id, g.state, g.risk_level, g.requested_by, g.opened_at, g.deadline_at,
    g.escalation_level, g.decision, g.decided_by, g.decided_at, g.requirement, g.title,
    g.prompt -> 'choices' AS choices, g.prompt #>> '{payload,subject,tier}' AS tier,
    COALESCE((SELECT r.door FROM app.runs r WHERE r.id = g.run_id), 'outside') AS door
FROM app.human_gates g
WHERE g.state <> 'PENDING' AND (g.opened_at, g.workflow_id, g.gate_key) < (:before_at, :before_workflow, :before_key)
  AND (CAST(:state AS TEXT) IS NULL OR g.state = :state)
  AND (CAST(:risk AS TEXT) IS NULL OR g.risk_level = :risk)
  AND (CAST(:role AS TEXT) IS NULL OR g.roles ?| ARRAY[CAST(:role AS TEXT), '*'])
  AND (CAST(:door AS TEXT) IS NULL
    OR COALESCE((SELECT r.door FROM app.runs r WHERE r.id = g.run_id), 'outside') = :door)
  AND (CAST(:text AS TEXT) IS NULL OR strpos(lower(g.title), lower(:text)) > 0
    OR strpos(lower(g.workflow_id), lower(:text)) > 0 OR strpos(lower(g.gate_key), lower(:text)) > 0)
ORDER BY g.opened_at DESC, g.workflow_id DESC, g.gate_key DESC
LIMIT :limit;

-- name: ended_counts
SELECT (SELECT COUNT(*) FROM app.human_gates WHERE state = 'PENDING') AS open, COUNT(*) AS found
FROM app.human_gates g
WHERE g.state <> 'PENDING' AND (CAST(:state AS TEXT) IS NULL OR g.state = :state)
  AND (CAST(:risk AS TEXT) IS NULL OR g.risk_level = :risk)
  AND (CAST(:role AS TEXT) IS NULL OR g.roles ?| ARRAY[CAST(:role AS TEXT), '*'])
  AND (CAST(:door AS TEXT) IS NULL
    OR COALESCE((SELECT r.door FROM app.runs r WHERE r.id = g.run_id), 'outside') = :door)
  AND (CAST(:text AS TEXT) IS NULL OR strpos(lower(g.title), lower(:text)) > 0
    OR strpos(lower(g.workflow_id), lower(:text)) > 0 OR strpos(lower(g.gate_key), lower(:text)) > 0);

-- name: pending_requests
-- Critical first, then oldest.
SELECT r.* FROM app.human_gates g
JOIN app.approval_requests r ON r.workflow_id = g.workflow_id AND r.gate_key = g.gate_key
WHERE g.state = 'PENDING' AND g.gate_key = :gate_key AND g.run_id IS NULL
  AND (CAST(:role AS TEXT) IS NULL OR r.approvers @> to_jsonb(CAST(:role AS TEXT)) OR r.approvers @> '"*"')
ORDER BY CASE g.risk_level WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END,
    g.opened_at, g.workflow_id
LIMIT :limit;

-- name: counts_by_actor
-- Who approved and rejected how often, whether or not that decided.
SELECT i.actor, COUNT(CASE WHEN c ->> 'effect' = 'approve' THEN 1 END) AS approved,
    COUNT(CASE WHEN c ->> 'effect' = 'reject' THEN 1 END) AS rejected
FROM app.human_interactions i
JOIN app.human_gates g ON g.workflow_id = i.workflow_id AND g.gate_key = i.gate_key
CROSS JOIN LATERAL jsonb_array_elements(g.prompt -> 'choices') c
WHERE i.choice = c ->> 'key' AND c ->> 'effect' IN ('approve', 'reject')
GROUP BY i.actor
ORDER BY COUNT(*) DESC, i.actor COLLATE "C"
LIMIT :limit;

-- name: claim_outbox
UPDATE app.outbox SET claimed_at = :now, claimed_by = :worker, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM app.outbox
    WHERE done_at IS NULL AND (claimed_at IS NULL OR claimed_at <= :lapsed)
    ORDER BY id LIMIT :limit
    FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: claim_delivery
-- The oldest that is due at one target.
UPDATE app.deliveries SET claimed_at = :now, claimed_by = :worker, attempts = attempts + 1
WHERE id IN (
    SELECT d.id FROM app.deliveries d
    WHERE d.channel = :channel AND d.target = :target AND d.state = 'pending' AND d.next_at <= :now
      AND (d.claimed_at IS NULL OR d.claimed_at <= :lapsed)
      AND NOT EXISTS (
        SELECT 1 FROM app.deliveries e
        WHERE e.workflow_id = d.workflow_id AND e.gate_key = d.gate_key AND e.channel = d.channel
          AND e.target = d.target AND e.outbox_id < d.outbox_id AND e.state = 'pending')
    ORDER BY d.next_at, d.outbox_id LIMIT 1
    FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: open_gate_figures
-- Every gate that waits, out of its index alone.
SELECT door, risk_level, COUNT(*) AS count, MIN(opened_at) AS oldest_at FROM app.human_gates
WHERE state = 'PENDING'
GROUP BY door, risk_level;

-- name: schema_table
SELECT COUNT(*) AS found FROM information_schema.tables
WHERE table_schema = 'app' AND table_name = 'schema_migrations';
