-- What measurements read of a ledger (`signoff bench`), and how they fill one. The same text runs on both databases.

-- name: runs_by_status
SELECT status, COUNT(*) AS count FROM app.runs GROUP BY status ORDER BY status;

-- name: gates_that_wait
SELECT COUNT(*) AS count FROM app.human_gates WHERE state = 'PENDING';

-- name: answers
SELECT COUNT(*) AS total, COUNT(DISTINCT dedupe_key) AS keys FROM app.human_interactions;

-- name: gates_decided_twice
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM app.audit_entries WHERE event IN ('gate.decided', 'gate.counted', 'gate.overridden')
    GROUP BY workflow_id, gate_key HAVING COUNT(*) > 1) AS twice;

-- name: ends_of_gates
-- Deciding ones.
SELECT COUNT(*) AS count FROM app.audit_entries WHERE event IN ('gate.decided', 'gate.counted', 'gate.overridden');

-- name: decided_gates
SELECT COUNT(*) AS count FROM app.human_gates WHERE state = 'RECEIVED';

-- name: outbox_left
SELECT COUNT(*) AS count FROM app.outbox WHERE done_at IS NULL;

-- name: duplicate_step_attempts
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM app.run_steps GROUP BY run_id, step_id, attempt HAVING COUNT(*) > 1) AS twice;

-- name: legs_begun
-- Of the legs behind gates: when the first thing that a leg does began.
SELECT g.workflow_id, MIN(s.started_at_epoch_ms) AS at FROM app.human_gates AS g
JOIN dbos.operation_outputs AS s ON s.workflow_uuid = g.workflow_id || ':' || g.gate_key
WHERE g.run_id IS NOT NULL AND g.state <> 'PENDING'
GROUP BY g.workflow_id;

-- name: first_steps
-- The first step behind the last gate of each run.
SELECT s.run_id, MIN(s.started_at) AS at FROM app.run_steps AS s
JOIN (SELECT run_id, MAX(decided_at) AS at FROM app.human_gates WHERE run_id IS NOT NULL GROUP BY run_id) AS g
    ON g.run_id = s.run_id AND s.started_at >= g.at
GROUP BY s.run_id;
