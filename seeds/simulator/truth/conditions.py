"""The condition of each break, evaluated on the complete event stream: natural occurrences included.

Each entry is SQL that yields `kind` (contact or case) and `key` of what meets the condition. Journeys inherit
from any of their contacts and cases. The wording of the rules is the specification's; these are the
simulator's own reading of it, with the truth at hand, so that a diagnosis can be graded against them.
"""

_WITHIN_LEG = (
    "e.agent_id = l.agent_id AND e.{moment} BETWEEN l.answered_at - INTERVAL 10 MINUTE "
    "AND l.ended_at + INTERVAL 10 MINUTE"
)
_RUNS = """
    SELECT unit, count(*) AS n_runs, count(DISTINCT team) AS n_teams FROM (
        SELECT unit, team, lag(team) OVER (PARTITION BY unit ORDER BY place) AS before FROM ({steps})
    ) WHERE before IS DISTINCT FROM team GROUP BY unit
"""

CONDITIONS: dict[str, str] = {
    # An agent without the skill, in a team the reason does not belong to; or the agent says so.
    "B01": """
        SELECT 'contact' AS kind, c.contact_id AS key
        FROM contacts c
        JOIN legs l USING (contact_id)
        JOIN queues q USING (queue_id)
        JOIN routing_expectations x ON x.reason = c.reason
        JOIN agents a ON a.telephony_id = l.agent_id
        WHERE c.direction = 'inbound' AND l.answered_at IS NOT NULL AND NOT q.is_triage AND q.tier = 1
          AND q.queue_group <> x.expected_queue_group
          AND NOT EXISTS (
              SELECT 1 FROM agent_skills s WHERE s.agent_id = a.agent_id AND s.skill = x.required_skill
          )
        UNION SELECT 'contact', contact_id FROM contacts WHERE disposition = 'wrong_department'
    """,
    "B02": f"""
        SELECT 'contact' AS kind, unit AS key
        FROM ({
        _RUNS.format(
            steps="SELECT contact_id AS unit, team_id AS team, leg_seq AS place FROM legs "
            "WHERE answered_at IS NOT NULL"
        )
    })
        WHERE n_runs > n_teams OR n_runs >= 4
        UNION ALL
        SELECT 'case', unit
        FROM ({
        _RUNS.format(
            steps="SELECT case_id AS unit, new_value AS team, change_seq AS place "
            "FROM case_changes WHERE field = 'group' UNION ALL SELECT case_id, "
            "min_by(old_value, change_seq), 0 FROM case_changes WHERE field = 'group' "
            "GROUP BY case_id"
        )
    })
        WHERE n_runs > n_teams OR n_runs >= 4
    """,
    "B03": f"""
        WITH holds AS (
            SELECT c.reason, quantile_disc(l.hold_seconds, 0.9) AS p90
            FROM contacts c JOIN legs l USING (contact_id) WHERE l.answered_at IS NOT NULL GROUP BY c.reason
        )
        SELECT DISTINCT 'contact' AS kind, c.contact_id AS key
        FROM contacts c
        JOIN legs l USING (contact_id)
        JOIN usage e ON e.contact_id = c.contact_id AND e.kind = 'zero_result'
         AND {_WITHIN_LEG.format(moment="used_at")}
        JOIN holds h ON h.reason = c.reason
        WHERE c.contact_seq > 0 OR l.transfer_type = 'consult' OR l.hold_seconds > h.p90
           OR EXISTS (
               SELECT 1 FROM contacts n
               WHERE n.issue_id = c.issue_id AND n.contact_seq = c.contact_seq + 1 AND n.direction = 'inbound'
           )
        UNION
        SELECT 'contact', c.contact_id
        FROM contacts c
        WHERE c.direction = 'inbound' AND NOT EXISTS (
            SELECT 1 FROM articles a WHERE a.reason = c.reason AND a.published_at <= c.started_at
        )
    """,
    "B04": """
        SELECT 'contact' AS kind, u.contact_id AS key
        FROM usage u JOIN articles a USING (article_id, version)
        WHERE u.kind IN ('view', 'link')
          AND (CAST(u.used_at AS DATE) > a.review_due_on OR a.superseded_by IS NOT NULL)
        UNION
        SELECT 'contact', later.contact_id
        FROM usage later
        JOIN contacts c ON c.contact_id = later.contact_id
        JOIN contacts b ON b.issue_id = c.issue_id AND b.contact_seq < c.contact_seq
        JOIN usage earlier ON earlier.contact_id = b.contact_id
        WHERE later.kind = 'view' AND earlier.kind = 'view' AND later.article_id <> earlier.article_id
        UNION
        SELECT 'contact', e.contact_id
        FROM evaluations e JOIN evaluation_items i USING (evaluation_id)
        WHERE i.item_id = 'accuracy' AND i.is_failed
    """,
    "B05": f"""
        SELECT DISTINCT 'contact' AS kind, l.contact_id AS key
        FROM legs l
        JOIN permission_events e ON e.contact_id = l.contact_id AND e.outcome = 'denied'
         AND {_WITHIN_LEG.format(moment="event_at")}
    """,
    "B06": """
        SELECT 'case' AS kind, case_id AS key FROM automation_runs WHERE outcome = 'failed'
        UNION
        SELECT 'contact', c.contact_id
        FROM notes n
        JOIN (
            SELECT k.contact_id, coalesce(d.merged_into, k.case_id) AS case_id
            FROM contacts k LEFT JOIN cases d ON d.case_id = k.case_id
        ) c ON c.case_id = n.case_id
        JOIN legs l ON l.contact_id = c.contact_id AND l.answered_at >= n.created_at
        WHERE NOT n.is_visible_to_next
    """,
    "B07": """
        SELECT 'contact' AS kind, x.contact_id AS key
        FROM expected_alerts x
        WHERE NOT EXISTS (
            SELECT 1 FROM alerts a WHERE a.contact_id = x.contact_id AND a.fired_at <= x.due_at
        )
    """,
    "B08": "SELECT 'contact' AS kind, contact_id AS key FROM samples WHERE NOT is_eligible",
    "B09": """
        WITH triggers AS (
            SELECT c.issue_id, c.customer_id, c.contact_id, c.ended_at, i.escalated_at,
                   i.customer_id AS customer
            FROM expected_alerts x JOIN contacts c USING (contact_id) JOIN issues i USING (issue_id)
            WHERE i.escalated_at IS NULL OR c.ended_at <= i.escalated_at
        ),
        first AS (
            SELECT issue_id, customer, min(ended_at) AS since, count(*) AS n FROM triggers GROUP BY ALL
        )
        SELECT 'contact' AS kind, t.contact_id AS key
        FROM first f JOIN triggers t USING (issue_id)
        WHERE f.n >= 2 AND NOT EXISTS (
            SELECT 1 FROM risk_scores r
            WHERE r.customer_id = f.customer AND r.scored_at > f.since
              AND r.scored_at <= f.since + INTERVAL 24 HOUR
        )
    """,
    "B10": """
        SELECT 'case' AS kind, case_id AS key FROM sla_events WHERE event = 'breached'
        UNION
        SELECT 'case', p.case_id
        FROM sla_events p
        WHERE p.event = 'pause' AND p.pause_reason <> 'waiting_for_vendor' AND NOT EXISTS (
            SELECT 1 FROM messages m
            WHERE m.case_id = p.case_id AND m.direction = 'outbound'
              AND m.sent_at BETWEEN p.event_at - INTERVAL 15 MINUTE AND p.event_at + INTERVAL 15 MINUTE
        )
    """,
    "B11": "SELECT 'case' AS kind, case_id AS key FROM ownership WHERE business_seconds > 4 * 3600",
    "B12": """
        SELECT DISTINCT 'contact' AS kind, l.contact_id AS key
        FROM legs l
        JOIN legs n ON n.contact_id = l.contact_id AND n.leg_seq = l.leg_seq + 1
        JOIN contacts c ON c.contact_id = l.contact_id
        WHERE l.transfer_type <> 'none' AND n.answered_at IS NOT NULL
          AND (l.transfer_type = 'blind')::INT
            + (NOT EXISTS (
                SELECT 1 FROM notes o
                WHERE o.contact_id = l.contact_id AND o.kind = 'handover'
                  AND o.created_at BETWEEN l.answered_at AND n.answered_at + INTERVAL 5 MINUTE
              ))::INT
            + (EXISTS (SELECT 1 FROM messages m WHERE m.contact_id = l.contact_id AND m.is_reask))::INT
            >= 2
    """,
    "B13": """
        SELECT 'contact' AS kind, n.contact_id AS key
        FROM contacts c
        JOIN contacts n ON n.issue_id = c.issue_id AND n.contact_seq > c.contact_seq
         AND n.direction = 'inbound' AND n.started_at <= c.ended_at + INTERVAL 14 DAY
        WHERE c.disposition = 'resolved'
        UNION SELECT 'case', case_id FROM cases WHERE vendor_reopen_count > 0
        UNION SELECT 'case', case_id FROM cases WHERE resolution_code = 'closed_by_timer'
    """,
    "B14": """
        WITH waits AS (
            SELECT c.contact_id, c.wait_seconds, c.is_abandoned, dayofweek(c.started_at) AS weekday,
                   hour(c.started_at) AS hour, sum(l.hold_seconds) AS hold
            FROM contacts c JOIN legs l USING (contact_id)
            WHERE c.channel IN ('voice', 'chat') AND c.direction = 'inbound' GROUP BY ALL
        ),
        usual AS (
            SELECT weekday, hour, quantile_disc(wait_seconds, 0.95) AS wait_p95,
                   quantile_disc(hold, 0.95) AS hold_p95
            FROM waits GROUP BY ALL
        )
        SELECT 'contact' AS kind, contact_id AS key
        FROM waits JOIN usual USING (weekday, hour)
        WHERE wait_seconds > greatest(20, wait_p95) OR hold > greatest(60, hold_p95) OR is_abandoned
    """,
    "B15": """
        SELECT 'contact' AS kind, q.contact_id AS key
        FROM required_escalations q
        LEFT JOIN escalations e ON e.contact_id = q.contact_id
        WHERE e.escalation_id IS NULL OR e.requested_at > q.due_at OR e.to_team_id <> q.to_team_id
    """,
    "B16": """
        SELECT DISTINCT 'contact' AS kind, e.contact_id AS key
        FROM evaluations e JOIN evaluation_items i USING (evaluation_id)
        WHERE i.kind = 'behaviour' AND i.is_failed
    """,
    "B17": """
        SELECT 'contact' AS kind, c.contact_id AS key
        FROM contacts c JOIN changes h ON h.reason = c.reason
        WHERE c.contact_seq = 0 AND c.started_at >= h.changed_at
          AND c.started_at <= h.changed_at + INTERVAL 7 DAY
    """,
    # A bot asked for a human, and within five minutes none spoke to the customer, who did not leave at once.
    "B18": """
        SELECT DISTINCT 'contact' AS kind, b.contact_id AS key
        FROM legs b JOIN contacts c USING (contact_id)
        WHERE b.handler = 'bot' AND b.end_reason = 'transfer'
          AND c.ended_at > b.ended_at + INTERVAL 10 SECOND
          AND NOT EXISTS (
              SELECT 1 FROM legs h
              WHERE h.contact_id = b.contact_id AND h.handler = 'human' AND h.leg_seq > b.leg_seq
                AND h.answered_at <= b.ended_at + INTERVAL 5 MINUTE
          )
    """,
}
