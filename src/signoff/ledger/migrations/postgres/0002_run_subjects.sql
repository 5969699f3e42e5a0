-- What a run is about under its door, and gates by their age.

ALTER TABLE app.runs ADD COLUMN subject TEXT;
CREATE INDEX runs_by_subject ON app.runs (door, subject, created_at DESC, id DESC);
CREATE INDEX human_gates_newest ON app.human_gates (opened_at DESC, workflow_id DESC, gate_key DESC);
