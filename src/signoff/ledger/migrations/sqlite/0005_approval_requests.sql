-- What a risk policy says of a gate's time, when a gate ends if it climbs on time, and the view for operators.

ALTER TABLE app.human_gates ADD COLUMN terms TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(terms));
ALTER TABLE app.human_gates ADD COLUMN ends_at INTEGER;

CREATE VIEW app.approval_requests AS
SELECT
    g.workflow_id,
    CAST(COALESCE(g.prompt ->> '$.payload.task_id', g.prompt ->> '$.payload.id', g.workflow_id) AS TEXT) AS task_id,
    g.risk_level,
    CAST(g.prompt ->> '$.payload.operation' AS TEXT) AS operation_type,
    CAST(COALESCE(g.prompt ->> '$.payload.description', g.prompt ->> '$.title') AS TEXT) AS description,
    CASE g.state WHEN 'PENDING' THEN 'pending' WHEN 'TIMED_OUT' THEN 'timeout' WHEN 'CANCELLED' THEN 'cancelled' ELSE
        CASE (SELECT c.value ->> '$.effect' FROM json_each(g.prompt, '$.choices') c
              WHERE c.value ->> '$.key' = g.decision) WHEN 'approve' THEN 'approved' ELSE 'rejected' END END AS status,
    g.requested_by,
    g.opened_at AS requested_at,
    (SELECT json_group_array(a.role) FROM (
        SELECT DISTINCT r.value AS role FROM json_each(g.requirement, '$.needs') n, json_each(n.value, '$.any_of') r
        ORDER BY r.value) a) AS approvers,
    (SELECT SUM(n.value ->> '$.count') FROM json_each(g.requirement, '$.needs') n) AS required_approvals,
    (SELECT COUNT(DISTINCT CASE WHEN g.requirement ->> '$.distinctPeople' THEN i.actor ELSE i.id END)
     FROM human_interactions i, json_each(g.prompt, '$.choices') c
     WHERE i.workflow_id = g.workflow_id AND i.gate_key = g.gate_key AND i.choice = c.value ->> '$.key'
       AND c.value ->> '$.effect' = 'approve') AS received_approvals,
    COALESCE(g.ends_at, g.deadline_at) AS timeout_at,
    g.escalation_level > 0 AS escalated,
    g.escalation_level AS escalation_count,
    g.decided_by AS resolved_by,
    g.decided_at AS resolved_at,
    (SELECT CAST(COALESCE(i.payload ->> '$.rationale', i.payload ->> '$.reason', i.payload ->> '$.note',
                          i.payload ->> '$.notes') AS TEXT)
     FROM human_interactions i WHERE i.id = g.interaction_id) AS resolution_note,
    g.gate_key
FROM human_gates g;
