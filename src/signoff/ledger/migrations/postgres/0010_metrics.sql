-- What gates are counted by, beside their documents, and the trace in which an order was given.

ALTER TABLE app.human_gates ADD COLUMN door TEXT NOT NULL DEFAULT 'outside';
UPDATE app.human_gates g SET door = r.door FROM app.runs r WHERE r.id = g.run_id;

-- Holds all that waiting gates are counted by: no gate is read for it.
CREATE INDEX human_gates_counted ON app.human_gates (door, risk_level, opened_at) WHERE state = 'PENDING';

ALTER TABLE app.outbox ADD COLUMN traceparent TEXT;
