-- What the inbox looks gates through by, beside their documents: a title, every role that may answer,
-- and who may not approve.

ALTER TABLE app.human_gates ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE app.human_gates ADD COLUMN roles TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(roles));
ALTER TABLE app.human_gates ADD COLUMN kept_from TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(kept_from));
UPDATE app.human_gates SET
    title = COALESCE(prompt ->> '$.title', ''),
    roles = (SELECT json_group_array(DISTINCT r.value)
             FROM json_each(requirement, '$.needs') n, json_each(n.value, '$.any_of') r),
    kept_from = CASE WHEN requirement ->> '$.notRequester' AND requested_by IS NOT NULL
                THEN json_array(lower(requested_by)) ELSE '[]' END;

-- Each holds all that a filter asks for, so that no gate has to be read that does not fit.
CREATE INDEX app.human_gates_open ON human_gates (deadline_at, workflow_id, gate_key, risk_level, roles, kept_from,
    title, run_id) WHERE state = 'PENDING';
CREATE INDEX app.human_gates_ended ON human_gates (opened_at DESC, workflow_id DESC, gate_key DESC, state, risk_level,
    roles, title, run_id) WHERE state <> 'PENDING';
