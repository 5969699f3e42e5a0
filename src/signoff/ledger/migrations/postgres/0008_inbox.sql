-- What the inbox looks gates through by, beside their documents: a title, every role that may answer,
-- and who may not approve.

ALTER TABLE app.human_gates ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE app.human_gates ADD COLUMN roles JSONB NOT NULL DEFAULT '[]';
ALTER TABLE app.human_gates ADD COLUMN kept_from JSONB NOT NULL DEFAULT '[]';
UPDATE app.human_gates SET
    title = COALESCE(prompt ->> 'title', ''),
    roles = jsonb_path_query_array(requirement, '$.needs[*].any_of[*]'),
    kept_from = CASE WHEN (requirement ->> 'notRequester')::BOOLEAN AND requested_by IS NOT NULL
                THEN jsonb_build_array(lower(requested_by)) ELSE '[]' END;

-- A title or roles may be larger than an entry of an index may be: these lead to gates, and do not hold them.
CREATE INDEX human_gates_open ON app.human_gates (deadline_at, workflow_id, gate_key) WHERE state = 'PENDING';
CREATE INDEX human_gates_ended ON app.human_gates (opened_at DESC, workflow_id DESC, gate_key DESC)
    WHERE state <> 'PENDING';
