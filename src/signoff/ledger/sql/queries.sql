-- Every query that reads and writes alike on SQLite and Postgres. A query is what stands under its name.
-- Parameters are written :name. What the two databases say differently stands in sqlite.sql and postgres.sql.

-- name: intent
SELECT id, goal, inputs, constraints, created_at FROM app.intents WHERE id = :id;

-- name: insert_intent
INSERT INTO app.intents (id, goal, inputs, constraints, created_at)
VALUES (:id, :goal, :inputs, :constraints, :created_at);

-- name: run
SELECT * FROM app.runs WHERE workflow_id = :workflow_id;

-- name: runs
-- Newest first, after a cursor of (created_at, id).
SELECT * FROM app.runs
WHERE (CAST(:status AS TEXT) IS NULL OR status = :status)
  AND (CAST(:before_at AS BIGINT) IS NULL OR (created_at, id) < (:before_at, :before_id))
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: insert_run
INSERT INTO app.runs (id, workflow_id, intent_id, door, recipe, plan, plan_digest, status, node, last_step, next_action,
    error, retry_count, queue_partition_key, requested_by, created_at, updated_at, finished_at)
VALUES (:id, :workflow_id, :intent_id, :door, :recipe, :plan, :plan_digest, :status, :node, :last_step, :next_action,
    :error, :retry_count, :queue_partition_key, :requested_by, :created_at, :updated_at, :finished_at);

-- name: update_run
UPDATE app.runs
SET status = :status, node = :node, last_step = :last_step, next_action = :next_action, error = :error,
    retry_count = :retry_count, updated_at = :updated_at, finished_at = :finished_at
WHERE id = :id;

-- name: gate
-- A gate with what decided it.
SELECT g.*, i.payload AS reply, i.payload_hash, i.role, i.origin FROM app.human_gates g
LEFT JOIN app.human_interactions i ON i.id = g.interaction_id
WHERE g.workflow_id = :workflow_id AND g.gate_key = :gate_key;

-- name: gates_of
SELECT g.*, i.payload AS reply, i.payload_hash, i.role, i.origin FROM app.human_gates g
LEFT JOIN app.human_interactions i ON i.id = g.interaction_id
WHERE g.workflow_id = :workflow_id
ORDER BY g.opened_at, g.gate_key;

-- name: gates_named
SELECT g.*, i.payload AS reply, i.payload_hash, i.role, i.origin FROM app.human_gates g
LEFT JOIN app.human_interactions i ON i.id = g.interaction_id
WHERE g.gate_key = :gate_key
ORDER BY g.workflow_id
LIMIT 20;

-- name: due_gates
SELECT g.*, NULL AS reply, NULL AS payload_hash, NULL AS role, NULL AS origin FROM app.human_gates g
WHERE g.state = 'PENDING' AND g.deadline_at <= :now
ORDER BY g.deadline_at
LIMIT :limit;

-- name: insert_gate
INSERT INTO app.human_gates (workflow_id, gate_key, run_id, topic, state, prompt, prompt_digest, requirement, ladder,
    risk_level, requested_by, opened_at, deadline_at, escalation_level, decision, decided_by, decided_at,
    interaction_id, on_decision)
VALUES (:workflow_id, :gate_key, :run_id, :topic, :state, :prompt, :prompt_digest, :requirement, :ladder,
    :risk_level, :requested_by, :opened_at, :deadline_at, :escalation_level, :decision, :decided_by, :decided_at,
    :interaction_id, :on_decision);

-- name: update_gate
-- Only a gate that is still open can be changed.
UPDATE app.human_gates
SET state = :state, requirement = :requirement, deadline_at = :deadline_at, escalation_level = :escalation_level,
    decision = :decision, decided_by = :decided_by, decided_at = :decided_at, interaction_id = :interaction_id
WHERE workflow_id = :workflow_id AND gate_key = :gate_key AND state = 'PENDING';

-- name: interaction
SELECT * FROM app.human_interactions WHERE id = :id;

-- name: same_reply
SELECT * FROM app.human_interactions
WHERE workflow_id = :workflow_id AND gate_key = :gate_key AND topic = :topic AND dedupe_key = :dedupe_key;

-- name: interactions_at
SELECT * FROM app.human_interactions
WHERE workflow_id = :workflow_id AND gate_key = :gate_key
ORDER BY created_at, id;

-- name: interactions
SELECT * FROM app.human_interactions
WHERE workflow_id = :workflow_id
  AND (CAST(:after_at AS BIGINT) IS NULL OR (created_at, id) > (:after_at, :after_id))
ORDER BY created_at, id
LIMIT :limit;

-- name: insert_interaction
INSERT INTO app.human_interactions (id, workflow_id, run_id, gate_key, topic, dedupe_key, payload, payload_hash, origin,
    actor, role, choice, created_at)
VALUES (:id, :workflow_id, :run_id, :gate_key, :topic, :dedupe_key, :payload, :payload_hash, :origin,
    :actor, :role, :choice, :created_at);

-- name: steps
SELECT * FROM app.run_steps WHERE run_id = :run_id ORDER BY attempt, started_at, finished_at, step_id;

-- name: insert_step
INSERT INTO app.run_steps (run_id, step_id, attempt, phase, output, started_at, finished_at)
VALUES (:run_id, :step_id, :attempt, :phase, :output, :started_at, :finished_at)
ON CONFLICT (run_id, step_id, attempt) DO NOTHING;

-- name: artifacts
SELECT * FROM app.artifacts WHERE run_id = :run_id ORDER BY created_at, step_id, task_key, attempt, idx;

-- name: insert_artifact
INSERT INTO app.artifacts (run_id, step_id, task_key, attempt, idx, kind, uri, inline, sha256, created_at)
VALUES (:run_id, :step_id, :task_key, :attempt, :idx, :kind, :uri, :inline, :sha256, :created_at)
ON CONFLICT (run_id, step_id, task_key, attempt, idx) DO NOTHING;

-- name: entries
SELECT * FROM app.audit_entries
WHERE seq > :after AND (CAST(:workflow_id AS TEXT) IS NULL OR workflow_id = :workflow_id)
ORDER BY seq
LIMIT :limit;

-- name: newest_seq
SELECT COALESCE(MAX(seq), 0) AS seq FROM app.audit_entries;

-- name: all_entries
SELECT * FROM app.audit_entries ORDER BY seq;

-- name: entry_hashes
SELECT seq, hash FROM app.audit_entries WHERE seq > :after ORDER BY seq;

-- name: insert_entry
INSERT INTO app.audit_entries (seq, workflow_id, n, gate_key, at, actor, event, body, prev_hash, hash)
VALUES (:seq, :workflow_id, :n, :gate_key, :at, :actor, :event, :body, :prev_hash, :hash);

-- name: heads
SELECT * FROM app.audit_heads ORDER BY tree_size;

-- name: newest_head
SELECT * FROM app.audit_heads ORDER BY tree_size DESC LIMIT 1;

-- name: insert_head
INSERT INTO app.audit_heads (tree_size, root, signed_at, key_id, signature)
VALUES (:tree_size, :root, :signed_at, :key_id, :signature)
ON CONFLICT (tree_size) DO NOTHING;

-- name: insert_outbox
INSERT INTO app.outbox (kind, dedupe_key, payload, created_at)
VALUES (:kind, :dedupe_key, :payload, :created_at)
ON CONFLICT (dedupe_key) DO NOTHING;

-- name: finish_outbox
UPDATE app.outbox SET done_at = :now, last_error = NULL WHERE id = :id AND done_at IS NULL;

-- name: postpone_outbox
-- A claim lapses by its age: one that is dated ahead lapses when the row is to be tried again.
UPDATE app.outbox SET claimed_at = :claimed_at, last_error = :error WHERE id = :id AND done_at IS NULL;

-- name: release_outbox
UPDATE app.outbox SET claimed_at = NULL, claimed_by = NULL WHERE claimed_by = :worker AND done_at IS NULL;

-- name: beat
INSERT INTO app.workers (id, started_at, beat_at) VALUES (:id, :now, :now)
ON CONFLICT (id) DO UPDATE SET beat_at = :now;

-- name: workers
SELECT id, started_at, beat_at FROM app.workers ORDER BY started_at, id;

-- name: remove_worker
DELETE FROM app.workers WHERE id = :id;
