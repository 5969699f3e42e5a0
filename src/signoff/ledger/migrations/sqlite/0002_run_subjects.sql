-- What a run is about under its door, and gates by their age.

ALTER TABLE app.runs ADD COLUMN subject TEXT;
CREATE INDEX app.runs_by_subject ON runs (door, subject, created_at DESC, id DESC);
CREATE INDEX app.human_gates_newest ON human_gates (opened_at DESC, workflow_id DESC, gate_key DESC);
