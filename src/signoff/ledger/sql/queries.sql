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
  AND (CAST(:door AS TEXT) IS NULL OR door = :door)
  AND (CAST(:subject AS TEXT) IS NULL OR subject = :subject)
  AND (CAST(:before_at AS BIGINT) IS NULL OR (created_at, id) < (:before_at, :before_id))
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: runs_about
-- The same of one subject under one door, by their own index.
SELECT * FROM app.runs
WHERE door = :door AND subject = :subject
  AND (CAST(:status AS TEXT) IS NULL OR status = :status)
  AND (CAST(:before_at AS BIGINT) IS NULL OR (created_at, id) < (:before_at, :before_id))
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: runs_in_short
-- Those about subjects that begin so: what their plans are of, and whether all their gates are open and not due.
SELECT r.workflow_id, r.status, r.plan ->> 'about' AS about,
    COALESCE((SELECT MIN(CASE WHEN g.state = 'PENDING' AND g.deadline_at > CAST(:now AS BIGINT) THEN 1 ELSE 0 END)
        FROM app.human_gates g WHERE g.workflow_id = r.workflow_id), 0) AS waits
FROM app.runs r
WHERE r.door = :door AND substr(r.subject, 1, length(CAST(:beginning AS TEXT))) = CAST(:beginning AS TEXT)
ORDER BY r.created_at DESC, r.id DESC
LIMIT :limit;

-- name: insert_run
INSERT INTO app.runs (id, workflow_id, intent_id, door, recipe, plan, plan_digest, status, node, last_step, next_action,
    error, retry_count, queue_partition_key, requested_by, subject, created_at, updated_at, finished_at)
VALUES (:id, :workflow_id, :intent_id, :door, :recipe, :plan, :plan_digest, :status, :node, :last_step, :next_action,
    :error, :retry_count, :queue_partition_key, :requested_by, :subject, :created_at, :updated_at, :finished_at);

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

-- name: newest_gates
-- Last opened first, after a cursor of (opened_at, workflow_id, gate_key).
SELECT g.*, i.payload AS reply, i.payload_hash, i.role, i.origin FROM app.human_gates g
LEFT JOIN app.human_interactions i ON i.id = g.interaction_id
WHERE (CAST(:before_at AS BIGINT) IS NULL
    OR (g.opened_at, g.workflow_id, g.gate_key) < (:before_at, :before_workflow, :before_key))
ORDER BY g.opened_at DESC, g.workflow_id DESC, g.gate_key DESC
LIMIT :limit;

-- name: due_gates
SELECT g.*, NULL AS reply, NULL AS payload_hash, NULL AS role, NULL AS origin FROM app.human_gates g
WHERE g.state = 'PENDING' AND g.deadline_at <= :now
ORDER BY g.deadline_at
LIMIT :limit;

-- name: insert_gate
INSERT INTO app.human_gates (workflow_id, gate_key, run_id, topic, state, prompt, prompt_digest, requirement, ladder,
    risk_level, requested_by, opened_at, deadline_at, escalation_level, decision, decided_by, decided_at,
    interaction_id, on_decision, terms, ends_at, title, roles, kept_from, door)
VALUES (:workflow_id, :gate_key, :run_id, :topic, :state, :prompt, :prompt_digest, :requirement, :ladder,
    :risk_level, :requested_by, :opened_at, :deadline_at, :escalation_level, :decision, :decided_by, :decided_at,
    :interaction_id, :on_decision, :terms, :ends_at, :title, :roles, :kept_from,
    COALESCE((SELECT door FROM app.runs WHERE id = :run_id), 'outside'));

-- name: update_gate
-- Only a gate that is still open can be changed.
UPDATE app.human_gates
SET state = :state, requirement = :requirement, roles = :roles, kept_from = :kept_from, deadline_at = :deadline_at, ends_at = :ends_at,
    escalation_level = :escalation_level, decision = :decision, decided_by = :decided_by, decided_at = :decided_at,
    interaction_id = :interaction_id
WHERE workflow_id = :workflow_id AND gate_key = :gate_key AND state = 'PENDING';

-- name: approval_request
SELECT * FROM app.approval_requests WHERE workflow_id = :workflow_id AND gate_key = :gate_key;

-- name: times_to_approval
-- What people approved: policies take no time.
WITH waits AS (
    SELECT resolved_at - requested_at AS ms,
        ROW_NUMBER() OVER (ORDER BY resolved_at - requested_at) AS n, COUNT(*) OVER () AS total
    FROM app.approval_requests WHERE status = 'approved' AND resolved_by NOT LIKE 'policy:%')
SELECT COUNT(*) AS count, CAST(ROUND(AVG(ms)) AS BIGINT) AS average_ms,
    CAST(ROUND(AVG(CASE WHEN n IN ((total + 1) / 2, (total + 2) / 2) THEN ms END)) AS BIGINT) AS median_ms
FROM waits;

-- name: newest_waits
-- How long each of the gates that were opened last has waited for the answer that decided it.
SELECT g.gate_key, i.role, i.actor, g.decided_at - g.opened_at AS ms FROM app.human_gates g
JOIN app.human_interactions i ON i.id = g.interaction_id
WHERE g.state = 'RECEIVED'
ORDER BY g.opened_at DESC, g.workflow_id DESC, g.gate_key DESC
LIMIT :limit;

-- name: counts_by_day
-- What became of gates on each day, in days since the epoch.
SELECT resolved_at / 86400000 AS day, status, COUNT(*) AS count FROM app.approval_requests
WHERE resolved_at >= :since
GROUP BY resolved_at / 86400000, status
ORDER BY day, status;

-- name: counts_by_level
-- Those that wait are counted without a look at their documents.
SELECT risk_level, status, COUNT(*) AS count FROM (
    SELECT risk_level, 'pending' AS status FROM app.human_gates WHERE state = 'PENDING'
    UNION ALL
    SELECT r.risk_level, r.status FROM app.human_gates g
    JOIN app.approval_requests r ON r.workflow_id = g.workflow_id AND r.gate_key = g.gate_key
    WHERE g.state <> 'PENDING') AS counted
GROUP BY risk_level, status
ORDER BY risk_level, status;

-- name: open_gates
SELECT COUNT(*) AS open, COUNT(CASE WHEN deadline_at <= :now THEN 1 END) AS overdue FROM app.human_gates
WHERE state = 'PENDING';

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

-- name: search_entries
-- Newest first, before a seq.
SELECT * FROM app.audit_entries
WHERE seq < :before
  AND (CAST(:workflow_id AS TEXT) IS NULL OR workflow_id = :workflow_id)
  AND (CAST(:gate_key AS TEXT) IS NULL OR gate_key = :gate_key)
  AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
  AND (CAST(:event AS TEXT) IS NULL OR event = :event)
ORDER BY seq DESC
LIMIT :limit;

-- name: entry
SELECT * FROM app.audit_entries WHERE seq = :seq;

-- name: entry_before
-- The one that an entry follows on in its workflow's chain.
SELECT * FROM app.audit_entries WHERE workflow_id = :workflow_id AND n = :n - 1;

-- name: place_of_entry
-- Where it stands among all entries, from 0.
SELECT COUNT(*) AS place FROM app.audit_entries WHERE seq < :seq;

-- name: oldest_head_over
-- The smallest tree that this place is in.
SELECT * FROM app.audit_heads WHERE tree_size > :place ORDER BY tree_size LIMIT 1;

-- name: hashes_in_tree
SELECT hash FROM app.audit_entries ORDER BY seq LIMIT :tree_size;

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
INSERT INTO app.outbox (kind, dedupe_key, payload, created_at, traceparent)
VALUES (:kind, :dedupe_key, :payload, :created_at, :traceparent)
ON CONFLICT (dedupe_key) DO NOTHING;

-- name: open_notices
-- What of gates' events is still to be routed, of what was ordered before.
SELECT id, dedupe_key, payload FROM app.outbox WHERE done_at IS NULL AND kind = 'notify' AND id < :before ORDER BY id;

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

-- name: has_principals
SELECT EXISTS (SELECT 1 FROM app.principals) AS found;

-- name: has_tokens
-- Whether one was ever issued: rows stay when tokens end.
SELECT EXISTS (SELECT 1 FROM app.tokens) AS found;

-- name: principal
SELECT * FROM app.principals WHERE name = :name;

-- name: principals
SELECT * FROM app.principals ORDER BY name;

-- name: insert_principal
INSERT INTO app.principals (id, name, kind, roles, disabled_at) VALUES (:id, :name, :kind, :roles, :disabled_at);

-- name: update_principal
UPDATE app.principals SET roles = :roles, disabled_at = :disabled_at WHERE id = :id;

-- name: lenders
-- Whose roles somebody may act in now.
SELECT p.* FROM app.delegations d JOIN app.principals p ON p.id = d.from_principal
WHERE d.to_principal = :id AND d.revoked_at IS NULL AND d.until_at > :now
ORDER BY p.name;

-- name: delegations
SELECT * FROM app.delegations WHERE revoked_at IS NULL AND until_at > :now ORDER BY created_at, id;

-- name: insert_delegation
INSERT INTO app.delegations (id, from_principal, to_principal, until_at, created_at, revoked_at)
VALUES (:id, :from_principal, :to_principal, :until_at, :created_at, :revoked_at);

-- name: revoke_delegations
UPDATE app.delegations SET revoked_at = :now
WHERE from_principal = :from_principal AND to_principal = :to_principal AND revoked_at IS NULL;

-- name: token_with_hash
SELECT * FROM app.tokens WHERE hash = :hash;

-- name: token
SELECT * FROM app.tokens WHERE id = :id;

-- name: tokens
SELECT * FROM app.tokens ORDER BY created_at, id;

-- name: holder
SELECT * FROM app.principals WHERE id = :id;

-- name: holder_of_hash
SELECT p.* FROM app.tokens t JOIN app.principals p ON p.id = t.principal_id WHERE t.hash = :hash;

-- name: lenders_of_hash
-- Whose roles the holder may act in now.
SELECT p.* FROM app.tokens t JOIN app.delegations d ON d.to_principal = t.principal_id
JOIN app.principals p ON p.id = d.from_principal
WHERE t.hash = :hash AND d.revoked_at IS NULL AND d.until_at > :now
ORDER BY p.name;

-- name: insert_token
INSERT INTO app.tokens (id, principal_id, hash, created_at, expires_at, revoked_at)
VALUES (:id, :principal_id, :hash, :created_at, :expires_at, :revoked_at);

-- name: revoke_token
UPDATE app.tokens SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL;

-- name: session_with_hash
SELECT * FROM app.sessions WHERE hash = :hash;

-- name: insert_session
INSERT INTO app.sessions (
    id, hash, principal_id, token_id, link_id, created_at, expires_at, ends_at, ended_at, issuer, subject
) VALUES (
    :id, :hash, :principal_id, :token_id, :link_id, :created_at, :expires_at, :ends_at, :ended_at, :issuer, :subject
);

-- name: remove_spent_sessions
-- Of one principal, those that could not be used any longer whatever happened.
DELETE FROM app.sessions WHERE principal_id = :principal_id AND ends_at <= :now;

-- name: extend_session
UPDATE app.sessions SET expires_at = :expires_at
WHERE id = :id AND ended_at IS NULL AND expires_at < :expires_at AND :expires_at <= ends_at;

-- name: end_session
UPDATE app.sessions SET ended_at = :now WHERE id = :id AND ended_at IS NULL;

-- name: end_sessions
UPDATE app.sessions SET ended_at = :now
WHERE principal_id = :principal_id AND ended_at IS NULL AND expires_at > :now;

-- name: link
SELECT * FROM app.links WHERE id = :id;

-- name: link_with_hash
SELECT * FROM app.links WHERE hash = :hash;

-- name: insert_link
INSERT INTO app.links (id, hash, principal_id, workflow_id, gate_key, created_at, expires_at, used_at)
VALUES (:id, :hash, :principal_id, :workflow_id, :gate_key, :created_at, :expires_at, :used_at);

-- name: use_link
-- No row is written where somebody else has used it.
UPDATE app.links SET used_at = :now WHERE id = :id AND used_at IS NULL AND expires_at > :now;

-- name: newest_of_event
-- When a chain last told of such an event: of this actor, or of anybody.
SELECT at FROM app.audit_entries
WHERE workflow_id = :workflow_id AND event = :event AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
ORDER BY n DESC LIMIT 1;

-- name: insert_delivery
-- A notice that is expanded again finds what the first time made of it.
INSERT INTO app.deliveries (id, outbox_id, event, workflow_id, gate_key, channel, target, state, next_at, created_at)
VALUES (:id, :outbox_id, :event, :workflow_id, :gate_key, :channel, :target, 'pending', :now, :now)
ON CONFLICT DO NOTHING;

-- name: due_targets
-- Where something is to be sent now. What a target is told of one gate is told in its order.
SELECT d.channel, d.target FROM app.deliveries d
WHERE d.state = 'pending' AND d.next_at <= :now AND (d.claimed_at IS NULL OR d.claimed_at <= :lapsed)
  AND NOT EXISTS (
    SELECT 1 FROM app.deliveries e
    WHERE e.workflow_id = d.workflow_id AND e.gate_key = d.gate_key AND e.channel = d.channel AND e.target = d.target
      AND e.outbox_id < d.outbox_id AND e.state = 'pending')
GROUP BY d.channel, d.target
ORDER BY MIN(d.next_at), d.channel, d.target;

-- name: finish_delivery
UPDATE app.deliveries
SET state = 'sent', sent_at = :now, remote_ref = :remote_ref, last_error = NULL, claimed_at = NULL, claimed_by = NULL
WHERE id = :id AND state <> 'sent';

-- name: fail_delivery
-- Without an instant of the next try it is given up.
UPDATE app.deliveries
SET state = CASE WHEN CAST(:next_at AS BIGINT) IS NULL THEN 'given-up' ELSE 'pending' END,
    next_at = COALESCE(:next_at, next_at), last_error = :error, claimed_at = NULL, claimed_by = NULL
WHERE id = :id AND state = 'pending';

-- name: release_deliveries
UPDATE app.deliveries SET claimed_at = NULL, claimed_by = NULL WHERE claimed_by = :worker AND state = 'pending';

-- name: retry_delivery
UPDATE app.deliveries SET state = 'pending', attempts = 0, next_at = :now WHERE id = :id AND state = 'given-up';

-- name: delivery
SELECT * FROM app.deliveries WHERE id = :id;

-- name: deliveries
-- Newest first, after a cursor of (created_at, id).
SELECT * FROM app.deliveries
WHERE (CAST(:state AS TEXT) IS NULL OR state = :state)
  AND (CAST(:before_at AS BIGINT) IS NULL OR (created_at, id) < (:before_at, :before_id))
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: remote_refs
-- What names the messages that one target was sent about one gate, in their order.
SELECT remote_ref FROM app.deliveries
WHERE workflow_id = :workflow_id AND gate_key = :gate_key AND channel = :channel AND target = :target
  AND outbox_id < :outbox_id AND remote_ref IS NOT NULL
ORDER BY outbox_id;

-- name: insert_resumption
INSERT INTO app.resumptions (workflow_id, gate_key, thread_id, checkpoint_id, state, next_at, created_at)
VALUES (:workflow_id, :gate_key, :thread_id, :checkpoint_id, 'due', :now, :now);

-- name: due_threads
-- Workflows with a decision for their thread that nobody is at work on, longest due first.
SELECT workflow_id FROM app.resumptions
WHERE state = 'due' AND next_at <= :now AND (claimed_at IS NULL OR claimed_at <= :lapsed)
GROUP BY workflow_id
ORDER BY MIN(next_at), workflow_id
LIMIT :limit;

-- name: held_threads
SELECT DISTINCT workflow_id, claimed_by FROM app.resumptions
WHERE state = 'due' AND claimed_by IS NOT NULL
ORDER BY workflow_id;

-- name: due_resumptions
SELECT * FROM app.resumptions WHERE workflow_id = :workflow_id AND state = 'due' ORDER BY created_at, gate_key;

-- name: resumption
SELECT * FROM app.resumptions WHERE workflow_id = :workflow_id AND gate_key = :gate_key;

-- name: claim_resumptions
UPDATE app.resumptions SET claimed_at = :now, claimed_by = :claim, attempts = attempts + 1
WHERE workflow_id = :workflow_id AND state = 'due';

-- name: hold_resumptions
-- No row is written where the claim has gone to somebody else.
UPDATE app.resumptions SET claimed_at = :now WHERE workflow_id = :workflow_id AND claimed_by = :claim AND state = 'due';

-- name: pass_resumption
UPDATE app.resumptions SET claimed_at = :now, passed_at = :now
WHERE workflow_id = :workflow_id AND gate_key = :gate_key AND claimed_by = :claim AND state = 'due';

-- name: settle_resumption
UPDATE app.resumptions
SET state = :state, next_at = :next_at, last_error = :error, claimed_at = NULL, claimed_by = NULL,
    done_at = CASE WHEN :state = 'due' THEN NULL ELSE CAST(:now AS BIGINT) END
WHERE workflow_id = :workflow_id AND gate_key = :gate_key AND claimed_by = :claim AND state = 'due';

-- name: retry_resumptions
UPDATE app.resumptions SET state = 'due', next_at = :now, done_at = NULL
WHERE workflow_id = :workflow_id AND state = 'failed';

-- name: overdue_gates
-- Not all of them: where nobody sweeps there may be any number.
SELECT COUNT(*) AS count FROM (
    SELECT 1 FROM app.human_gates WHERE state = 'PENDING' AND deadline_at <= :now LIMIT :limit) AS overdue;

-- name: outbox_figures
-- What is to be relayed: the oldest of it, by kind.
SELECT kind, COUNT(*) AS count, MIN(created_at) AS oldest_at, MAX(attempts) AS attempts, COUNT(last_error) AS failed
FROM (
    SELECT kind, created_at, attempts, last_error FROM app.outbox WHERE done_at IS NULL ORDER BY id LIMIT :limit
) AS waiting
GROUP BY kind;

-- name: delivery_figures
-- Notices that are to be sent, or sent again, by channel.
SELECT channel, COUNT(*) AS count, MIN(created_at) AS oldest_at, COUNT(last_error) AS failed
FROM (SELECT channel, created_at, last_error FROM app.deliveries WHERE state = 'pending' LIMIT :limit) AS waiting
GROUP BY channel;

-- name: newest_entry
SELECT seq, at FROM app.audit_entries ORDER BY seq DESC LIMIT 1;

-- name: settled_seq
-- How far a stretch of the trail after a seq goes: on Postgres an entry may become visible after a later one.
SELECT COALESCE(MAX(seq), :after) AS seq FROM app.audit_entries
WHERE seq > :after AND seq <= :after + :limit AND at <= :settled;

-- name: entry_figures
-- What entries of a stretch of the trail tell of.
SELECT event, COUNT(*) AS count FROM app.audit_entries WHERE seq > :after AND seq <= :until GROUP BY event;

-- name: answer_figures
-- The answers among them.
SELECT event, body ->> 'effect' AS effect, body ->> 'origin' AS origin, COUNT(*) AS count FROM app.audit_entries
WHERE seq > :after AND seq <= :until AND event IN ('gate.decided', 'gate.approved', 'gate.deferred', 'gate.overridden')
GROUP BY event, body ->> 'effect', body ->> 'origin';

-- name: decision_times
-- How long the gates have waited that people have decided in this stretch: looked up one by one, since a join may begin
-- with every gate there is.
SELECT ms, COUNT(*) AS count FROM (
    SELECT (SELECT g.decided_at - g.opened_at FROM app.human_gates g
            WHERE g.workflow_id = e.workflow_id AND g.gate_key = e.gate_key
              AND g.state = 'RECEIVED' AND g.decided_by NOT LIKE 'policy:%') AS ms
    FROM app.audit_entries e
    WHERE e.seq > :after AND e.seq <= :until AND e.event IN ('gate.decided', 'gate.counted', 'gate.overridden')
) AS waits
WHERE ms IS NOT NULL
GROUP BY ms;

-- name: order_trace
-- The trace in which an order was given.
SELECT traceparent FROM app.outbox WHERE dedupe_key = :dedupe_key;

-- name: notice_trace
SELECT traceparent FROM app.outbox WHERE id = :id;
