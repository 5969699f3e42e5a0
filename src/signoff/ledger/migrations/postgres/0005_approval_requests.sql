-- What a risk policy says of a gate's time, when a gate ends if it climbs on time, and the view for operators.

ALTER TABLE app.human_gates ADD COLUMN terms JSONB NOT NULL DEFAULT '{}';
ALTER TABLE app.human_gates ADD COLUMN ends_at BIGINT;

CREATE VIEW app.approval_requests AS
SELECT
    g.workflow_id,
    COALESCE(g.prompt #>> '{payload,task_id}', g.prompt #>> '{payload,id}', g.workflow_id) AS task_id,
    g.risk_level,
    g.prompt #>> '{payload,operation}' AS operation_type,
    COALESCE(g.prompt #>> '{payload,description}', g.prompt ->> 'title') AS description,
    CASE g.state WHEN 'PENDING' THEN 'pending' WHEN 'TIMED_OUT' THEN 'timeout' WHEN 'CANCELLED' THEN 'cancelled' ELSE
        CASE (SELECT c ->> 'effect' FROM jsonb_array_elements(g.prompt -> 'choices') c
              WHERE c ->> 'key' = g.decision) WHEN 'approve' THEN 'approved' ELSE 'rejected' END END AS status,
    g.requested_by,
    g.opened_at AS requested_at,
    (SELECT jsonb_agg(a.role) FROM (
        SELECT DISTINCT r COLLATE "C" AS role
        FROM jsonb_array_elements(g.requirement -> 'needs') n, jsonb_array_elements_text(n -> 'any_of') r
        ORDER BY r COLLATE "C") a) AS approvers,
    (SELECT SUM((n ->> 'count')::INTEGER)::INTEGER FROM jsonb_array_elements(g.requirement -> 'needs') n)
        AS required_approvals,
    (SELECT COUNT(DISTINCT CASE WHEN (g.requirement ->> 'distinctPeople')::BOOLEAN THEN i.actor ELSE i.id END)
     FROM app.human_interactions i, jsonb_array_elements(g.prompt -> 'choices') c
     WHERE i.workflow_id = g.workflow_id AND i.gate_key = g.gate_key AND i.choice = c ->> 'key'
       AND c ->> 'effect' = 'approve')::INTEGER AS received_approvals,
    COALESCE(g.ends_at, g.deadline_at) AS timeout_at,
    g.escalation_level > 0 AS escalated,
    g.escalation_level AS escalation_count,
    g.decided_by AS resolved_by,
    g.decided_at AS resolved_at,
    (SELECT COALESCE(i.payload ->> 'rationale', i.payload ->> 'reason', i.payload ->> 'note', i.payload ->> 'notes')
     FROM app.human_interactions i WHERE i.id = g.interaction_id) AS resolution_note,
    g.gate_key
FROM app.human_gates g;
