-- What must always be zero (`signoff db check`). Every query counts what is wrong, in one column.
-- The same text runs on SQLite and Postgres. Those over dbos.* count nothing where the engine has no tables yet.

-- name: duplicate_step_attempts
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM app.run_steps GROUP BY run_id, step_id, attempt HAVING COUNT(*) > 1) AS twice;

-- name: duplicate_artifacts
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM app.artifacts GROUP BY run_id, step_id, task_key, attempt, idx HAVING COUNT(*) > 1) AS twice;

-- name: duplicate_interactions
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM app.human_interactions
    GROUP BY workflow_id, gate_key, topic, dedupe_key HAVING COUNT(*) > 1) AS twice;

-- name: duplicate_decision_events
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM dbos.workflow_events WHERE key LIKE 'decision:%'
    GROUP BY workflow_uuid, key HAVING COUNT(*) > 1) AS twice;

-- name: duplicate_prompt_events
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM dbos.workflow_events WHERE key LIKE 'ui:%'
    GROUP BY workflow_uuid, key HAVING COUNT(*) > 1) AS twice;

-- name: malformed_payload_hashes
-- 64 lower-case hex digits; nothing is left of them when these are trimmed away.
SELECT COUNT(*) AS count FROM app.human_interactions
WHERE LENGTH(payload_hash) <> 64 OR TRIM(payload_hash, '0123456789abcdef') <> '';

-- name: final_gates_without_one_end
-- The trail tells of exactly one end, the one that the gate has; a decision is that of an interaction at this gate.
SELECT COUNT(*) AS count FROM app.human_gates AS g
LEFT JOIN (
    SELECT workflow_id, gate_key, COUNT(*) AS times, MAX(event) AS event FROM app.audit_entries
    WHERE event IN ('gate.decided', 'gate.counted', 'gate.overridden', 'gate.timed-out', 'gate.cancelled')
    GROUP BY workflow_id, gate_key) AS e ON e.workflow_id = g.workflow_id AND e.gate_key = g.gate_key
LEFT JOIN app.human_interactions AS i ON i.id = g.interaction_id
    AND i.workflow_id = g.workflow_id AND i.gate_key = g.gate_key AND i.choice = g.decision
WHERE g.state <> 'PENDING' AND (
    COALESCE(e.times, 0) <> 1
    OR CASE WHEN e.event IN ('gate.overridden', 'gate.counted') THEN 'gate.decided' ELSE e.event END <> CASE g.state
        WHEN 'RECEIVED' THEN 'gate.decided' WHEN 'TIMED_OUT' THEN 'gate.timed-out' ELSE 'gate.cancelled' END
    OR (g.state = 'RECEIVED' AND i.id IS NULL));

-- name: open_gates_with_an_end
SELECT COUNT(*) AS count FROM app.human_gates AS g
WHERE g.state = 'PENDING' AND EXISTS (
    SELECT 1 FROM app.audit_entries AS e
    WHERE e.workflow_id = g.workflow_id AND e.gate_key = g.gate_key
      AND e.event IN ('gate.decided', 'gate.counted', 'gate.overridden', 'gate.timed-out', 'gate.cancelled'));

-- name: ended_gates_without_wake_up
-- What waits for a gate is woken by an outbox row, which stays when it is done.
SELECT COUNT(*) AS count FROM app.human_gates AS g
LEFT JOIN app.outbox AS o
    ON o.dedupe_key = (g.on_decision ->> 'kind') || ':' || g.workflow_id || ':' || g.gate_key
WHERE g.state <> 'PENDING' AND g.on_decision ->> 'kind' IN ('continue', 'message', 'callback') AND o.id IS NULL;

-- name: decided_threads_without_resumption
SELECT COUNT(*) AS count FROM app.human_gates AS g
WHERE g.state <> 'PENDING' AND g.on_decision ->> 'kind' = 'resume' AND NOT EXISTS (
    SELECT 1 FROM app.resumptions AS r WHERE r.workflow_id = g.workflow_id AND r.gate_key = g.gate_key);

-- name: waiting_runs_without_open_gate
SELECT COUNT(*) AS count FROM app.runs AS r
WHERE r.status = 'WAITING_INPUT' AND NOT EXISTS (
    SELECT 1 FROM app.human_gates AS g WHERE g.workflow_id = r.workflow_id AND g.state = 'PENDING');

-- name: duplicate_escalations
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM dbos.workflow_status WHERE workflow_uuid LIKE 'esc:%'
    GROUP BY workflow_uuid HAVING COUNT(*) > 1) AS twice;
