-- What gates are counted by, beside their documents, and the trace in which an order was given.

ALTER TABLE app.human_gates ADD COLUMN door TEXT NOT NULL DEFAULT 'outside';
UPDATE app.human_gates SET door = r.door FROM app.runs r WHERE r.id = human_gates.run_id;

-- Holds all that waiting gates are counted by: no gate is read for it.
CREATE INDEX app.human_gates_counted ON human_gates (door, risk_level, opened_at, state) WHERE state = 'PENDING';

ALTER TABLE app.outbox ADD COLUMN traceparent TEXT;
