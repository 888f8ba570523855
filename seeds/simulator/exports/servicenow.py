"""ServiceNow: table exports as an extractor lands them, 32-digit sys_ids, UTC times without an offset.

A reference comes as a pair of columns, `<name>_link` and `<name>_value`. A duration is the moment that many
seconds after 1970. Records come again whenever they changed; the audit says what changed, in stored values.
"""

import hashlib

from seeds.simulator.exports.kit import WITH_HEADER, Delivery, Ids, Vendor


def sys_id(table: str, key: object) -> str:
    """The id of a record: 32 hexadecimal digits."""
    return hashlib.md5(f"{table}/{key}".encode(), usedforsecurity=False).hexdigest()


_PREPARED = (
    """
    CREATE OR REPLACE TEMP MACRO sn_id(name, key) AS md5(name || '/' || key);
    CREATE OR REPLACE TEMP MACRO sn_group(team) AS sn_id('sys_user_group', team);
    CREATE OR REPLACE TEMP MACRO sn_time(moment) AS strftime(moment, '%Y-%m-%d %H:%M:%S');
    CREATE OR REPLACE TEMP MACRO sn_duration(seconds) AS
        sn_time(make_timestamp(0) + to_seconds(CAST(seconds AS BIGINT)));
    CREATE OR REPLACE TEMP MACRO sn_state(status) AS CASE status
        WHEN 'new' THEN '1' WHEN 'open' THEN '2' WHEN 'pending' THEN '3' WHEN 'on_hold' THEN '3'
        WHEN 'resolved' THEN '6' WHEN 'closed' THEN '7' END;
    CREATE OR REPLACE TEMP MACRO sn_hold_reason(status) AS
        CASE status WHEN 'pending' THEN '1' WHEN 'on_hold' THEN '4' END;
    CREATE OR REPLACE TEMP MACRO sn_priority(priority) AS
        CASE priority WHEN 'urgent' THEN '1' WHEN 'high' THEN '2' WHEN 'normal' THEN '3'
            WHEN 'low' THEN '4' END;
    CREATE OR REPLACE TEMP MACRO sn_level(severity) AS CASE severity WHEN 'critical' THEN 3 ELSE 2 END;
    """,
    """
    CREATE OR REPLACE TEMP TABLE sn_users AS
    SELECT
        crm_user_id AS id, arg_max(lower(replace(agent_id, '-', '')), valid_from) AS user_name,
        arg_max(name, valid_from) AS name, arg_max(email, valid_from) AS email, NULL AS phones,
        arg_max(agent_id, valid_from) AS employee_number, bool_or(valid_to IS NULL) AS active,
        min(valid_from) AS created_at, max(valid_from) AS updated_at, arg_max(role, valid_from) AS title,
        arg_max(team_id, valid_from) AS team_id, NULL AS region, NULL AS time_zone, NULL AS segment,
        NULL AS tier,
        NULL AS merged_into, NULL AS is_internal
    FROM agents WHERE crm_user_id IS NOT NULL GROUP BY crm_user_id
    UNION ALL
    SELECT
        sn_id('sys_user/customer', customer_id), lower(customer_id), name, emails[1], phones, customer_id,
        merged_into IS NULL, created_at, created_at, NULL, NULL, region, time_zone, segment, tier,
        sn_id('sys_user/customer', merged_into), is_internal
    FROM customers
    """,
    """
    CREATE OR REPLACE TEMP TABLE sn_versions AS
    WITH firsts AS (
        SELECT c.case_id, c.opened_at, coalesce(min_by(h.old_value, h.change_seq), c.group_id) AS team_id
        FROM cases AS c LEFT JOIN case_changes AS h ON h.case_id = c.case_id AND h.field = 'group'
        GROUP BY c.case_id, c.opened_at, c.group_id
    ),
    moves AS (
        SELECT case_id, 'status' AS field, NULL AS former, 'new' AS value, opened_at AS moment, -1 AS step,
        NULL AS by_id
        FROM firsts
        UNION ALL SELECT case_id, 'first group', NULL, team_id, opened_at, -1, NULL FROM firsts
        UNION ALL
        SELECT case_id, field, old_value, coalesce(new_value, ''), changed_at, change_seq,
        changed_by FROM case_changes
        UNION ALL
        SELECT case_id, 'escalation', NULL, CAST(sn_level(severity) AS VARCHAR), requested_at, 0, NULL
        FROM escalations WHERE case_id IS NOT NULL
        UNION ALL
        SELECT case_id, 'breach', NULL, 'true', event_at, 0, NULL
        FROM sla_events WHERE event = 'breached' AND metric = 'resolution'
    ),
    days AS (
        SELECT
            case_id, CAST(moment AS DATE) AS day, max(moment) AS moved_at, count(*) AS n_moves,
            max_by(value, (moment, step)) FILTER (field = 'status') AS status,
            max_by(value, (moment, step)) FILTER (field = 'priority') AS priority,
            max_by(value, (moment, step)) FILTER (field = 'owner') AS owner,
            max_by(value, (moment, step)) FILTER (field IN ('group', 'first group')) AS team_id,
            max(value) FILTER (field = 'escalation') AS escalation,
            count(*) FILTER (field = 'group') AS n_groups,
            count(*) FILTER (field = 'status' AND former IN ('resolved',
            'closed') AND value = 'open') AS n_reopens,
            max(moment) FILTER (field = 'status' AND former IN ('resolved', 'closed') AND value = 'open')
                AS reopened_at,
            max_by(by_id, moment) FILTER (field = 'status' AND former IN ('resolved',
            'closed') AND value = 'open')
                AS reopened_by,
            max(moment) FILTER (field = 'status' AND value = 'resolved') AS resolved_at,
            max_by(by_id, moment) FILTER (field = 'status' AND value = 'resolved') AS resolved_by,
            max(moment) FILTER (field = 'status' AND value = 'closed') AS closed_at,
            max(value) FILTER (field = 'breach') AS is_breached
        FROM moves GROUP BY case_id, CAST(moment AS DATE)
    )
    SELECT
        case_id, day, moved_at, sum(n_moves) OVER until_then AS n_moves,
        last_value(status IGNORE NULLS) OVER until_then AS status,
        last_value(priority IGNORE NULLS) OVER until_then AS priority,
        nullif(last_value(owner IGNORE NULLS) OVER until_then, '') AS owner,
        last_value(team_id IGNORE NULLS) OVER until_then AS team_id,
        last_value(escalation IGNORE NULLS) OVER until_then AS escalation,
        sum(n_groups) OVER until_then AS n_groups, sum(n_reopens) OVER until_then AS n_reopens,
        last_value(reopened_at IGNORE NULLS) OVER until_then AS reopened_at,
        last_value(reopened_by IGNORE NULLS) OVER until_then AS reopened_by,
        last_value(resolved_at IGNORE NULLS) OVER until_then AS resolved_at,
        last_value(resolved_by IGNORE NULLS) OVER until_then AS resolved_by,
        last_value(closed_at IGNORE NULLS) OVER until_then AS closed_at,
        last_value(is_breached IGNORE NULLS) OVER until_then IS NOT NULL AS is_breached
    FROM days WINDOW until_then AS (PARTITION BY case_id ORDER BY day)
    """,
    """
    CREATE OR REPLACE TEMP TABLE sn_clocks AS
    SELECT
        e.case_id, e.policy_id, e.metric, e.event, e.event_at,
        sn_id('task_sla', e.case_id || e.policy_id || e.metric) AS id,
        sn_id('contract_sla', e.policy_id || e.metric || c.priority) AS sla_id,
        p.target_seconds, p.clock, p.calendar_id,
        CASE e.event
            WHEN 'pause' THEN 'paused' WHEN 'met' THEN 'completed' WHEN 'cancelled' THEN 'cancelled'
            ELSE 'in_progress'
        END AS stage,
        CASE e.event WHEN 'start' THEN 0 WHEN 'met' THEN 2 ELSE 1 END AS place
    FROM sla_events AS e
    JOIN cases AS c ON c.case_id = e.case_id
    LEFT JOIN sla_policies AS p
        ON p.policy_id = e.policy_id AND p.metric = e.metric AND p.priority = c.priority
        AND p.valid_from <= e.event_at AND coalesce(p.valid_to > e.event_at, true)
    """,
)

# Columns in the order of the export, and how those that the centre knows are filled; the others stay empty.
_INCIDENT = (
    "sys_id business_impact business_stc calendar_stc caller_id category cause caused_by child_incidents"
    " close_code hold_reason incident_state notify origin_id parent_incident problem_id reopen_count"
    " reopened_by reopened_time resolved_at resolved_by rfc severity subcategory sys_created_on"
    " sys_updated_on active activity_due additional_assignee_list approval approval_history approval_set"
    " assigned_to assignment_group business_duration business_service calendar_duration close_notes"
    " closed_at closed_by cmdb_ci comments comments_and_work_notes company contact_type contract"
    " correlation_display correlation_id delivery_plan delivery_task description due_date escalation"
    " expected_start follow_up group_list impact knowledge location made_sla number opened_at opened_by"
    " order parent priority reassignment_count rejection_goto route_reason service_offering"
    " short_description sla_due state sys_class_name sys_created_by sys_domain sys_domain_path"
    " sys_mod_count sys_updated_by task_effective_number universal_request upon_approval upon_reject"
    " urgency watch_list wf_activity work_end work_notes work_notes_list work_start"
)
_REFERENCES = {
    "caller_id": "sys_user", "caused_by": "change_request", "origin_id": "task",
    "parent_incident": "incident",
    "problem_id": "problem", "reopened_by": "sys_user", "resolved_by": "sys_user", "rfc": "change_request",
    "assigned_to": "sys_user", "assignment_group": "sys_user_group", "business_service": "cmdb_ci_service",
    "closed_by": "sys_user", "cmdb_ci": "cmdb_ci", "company": "core_company", "contract": "ast_contract",
    "delivery_plan": "sc_cat_item_delivery_plan", "delivery_task": "sc_cat_item_delivery_task",
    "location": "cmn_location", "opened_by": "sys_user", "parent": "task", "rejection_goto": "task",
    "service_offering": "service_offering", "sys_domain": "sys_user_group",
    "universal_request": "universal_request", "wf_activity": "wf_activity", "schedule": "cmn_schedule",
    "sla": "contract_sla", "task": "incident", "building": "cmn_building", "cost_center": "cmn_cost_center",
    "default_perspective": "sys_perspective", "department": "cmn_department",
    "ldap_server": "ldap_server_config",
    "manager": "sys_user", "default_assignee": "sys_user",
    "group": "sys_user_group", "user": "sys_user", "kb_knowledge": "kb_knowledge", "article": "kb_knowledge",
    "author": "sys_user", "kb_knowledge_base": "kb_knowledge_base", "kb_category": "kb_category",
    "ownership_group": "sys_user_group",
}  # fmt: skip


def _columns(names: str, filled: dict[str, str], parent: str = "task") -> str:
    """A select list of an export's columns; references become a link and a value."""
    found = []
    for name in names.split():
        value = filled.get(name, "NULL")
        if name not in _REFERENCES:
            found.append(f'{value} AS "{name}"')
            continue
        table = parent if name == "parent" else _REFERENCES[name]
        link = "NULL" if value == "NULL" else f"'https://{{host}}/api/now/v2/table/{table}/' || {value}"
        found += [f'{link} AS "{name}_link"', f'{value} AS "{name}_value"']
    return ", ".join(found)


def _stamps(created: str, updated: str, by: str = "'system'", n_updates: str = "0") -> dict[str, str]:
    """The columns that say who made and last changed a record, and when."""
    return {
        "sys_created_on": f"sn_time({created})",
        "sys_created_by": by,
        "sys_updated_on": f"sn_time({updated})",
        "sys_updated_by": by,
        "sys_mod_count": n_updates,
    }


_NUMBER = "'INC' || lpad(CAST(c.case_key + 10001 AS VARCHAR), 7, '0')"
_ENDED = "coalesce(v.closed_at, v.resolved_at)"
_IS_OVER = "v.status IN ('resolved', 'closed')"
_INCIDENT_VALUES = {
    **_stamps("c.opened_at", "v.moved_at", n_updates="v.n_moves - 1"),
    "sys_id": "c.case_id",
    "number": _NUMBER,
    "task_effective_number": _NUMBER,
    "sys_class_name": "'incident'",
    "sys_domain": "'global'",
    "sys_domain_path": "'/'",
    "caller_id": "sn_id('sys_user/customer', c.customer_id)",
    "category": "c.reason",
    "subcategory": "c.product",
    "short_description": "c.subject",
    "description": "c.description",
    "contact_type": "CASE c.channel WHEN 'voice' THEN 'phone' WHEN 'web' THEN 'self-service' "
    "ELSE c.channel END",
    "close_code": f"CASE WHEN {_IS_OVER} AND c.resolved_at < v.day + 1 THEN c.resolution_code END",
    "hold_reason": "sn_hold_reason(v.status)",
    "incident_state": "sn_state(v.status)",
    "state": "sn_state(v.status)",
    "active": "v.status <> 'closed'",
    "notify": "1",
    "severity": "3",
    "priority": "sn_priority(coalesce(v.priority, c.priority))",
    "impact": "CASE coalesce(v.priority, c.priority) WHEN 'urgent' THEN 1 WHEN 'high' THEN 1 ELSE 2 END",
    "urgency": "CASE coalesce(v.priority, c.priority) WHEN 'urgent' THEN 1 WHEN 'low' THEN 3 ELSE 2 END",
    "escalation": "coalesce(v.escalation, '0')",
    "approval": "'not requested'",
    "upon_approval": "'proceed'",
    "upon_reject": "'cancel'",
    "assigned_to": "v.owner",
    "assignment_group": "sn_group(v.team_id)",
    "parent_incident": "c.parent_case_id",
    "reassignment_count": "v.n_groups",
    "reopen_count": "v.n_reopens",
    "reopened_time": "sn_time(v.reopened_at)",
    "reopened_by": "v.reopened_by",
    "opened_at": "sn_time(c.opened_at)",
    "opened_by": "sn_id('sys_user/customer', c.customer_id)",
    "resolved_at": f"CASE WHEN {_IS_OVER} THEN sn_time(v.resolved_at) END",
    "resolved_by": f"CASE WHEN {_IS_OVER} THEN v.resolved_by END",
    "closed_at": "CASE WHEN v.status = 'closed' THEN sn_time(v.closed_at) END",
    "calendar_stc": f"CASE WHEN {_IS_OVER} THEN date_diff('second', c.opened_at, v.resolved_at) END",
    "calendar_duration": f"CASE WHEN v.status = 'closed' THEN "
    f"sn_duration(date_diff('second', c.opened_at, {_ENDED})) END",
    "made_sla": "NOT v.is_breached",
    "knowledge": "coalesce(c.is_knowledge_used, false)",
}
_INCIDENTS = f"""
    SELECT {_columns(_INCIDENT, _INCIDENT_VALUES)},
        v.day + 1 AS _day
    FROM (
        SELECT v, c FROM sn_versions AS v JOIN cases AS c ON c.case_id = v.case_id
        ORDER BY v.day, v.moved_at, c.case_key
    )
"""

_AUDIT = """
    WITH changes AS (
        SELECT
            'incident' AS tablename, h.case_id AS documentkey, h.changed_at AS moment, h.change_seq AS step,
            u.user_name, f.fieldname,
            CASE h.field
                WHEN 'group' THEN sn_group(h.old_value) WHEN 'priority' THEN sn_priority(h.old_value)
                WHEN 'owner' THEN h.old_value
                ELSE CASE f.place WHEN 1 THEN sn_state(h.old_value) ELSE sn_hold_reason(h.old_value) END
            END AS oldvalue,
            CASE h.field
                WHEN 'group' THEN sn_group(h.new_value) WHEN 'priority' THEN sn_priority(h.new_value)
                WHEN 'owner' THEN h.new_value
                ELSE CASE f.place WHEN 1 THEN sn_state(h.new_value) ELSE sn_hold_reason(h.new_value) END
            END AS newvalue
        FROM case_changes AS h
        JOIN (VALUES
            ('group', 'assignment_group', 1), ('owner', 'assigned_to', 1), ('priority', 'priority', 1),
            ('status', 'incident_state', 1), ('status', 'hold_reason', 2), ('status', 'state', 1)
        ) AS f (field, fieldname, place) ON f.field = h.field
        LEFT JOIN sn_users AS u ON u.id = h.changed_by
        UNION ALL
        SELECT
            'incident', case_id, requested_at, 0, NULL, 'escalation',
            CAST(lag(sn_level(severity), 1, 0) OVER (PARTITION BY case_id ORDER BY requested_at) AS VARCHAR),
            CAST(sn_level(severity) AS VARCHAR)
        FROM escalations WHERE case_id IS NOT NULL
        UNION ALL
        SELECT
            'task_sla', id, event_at, place, NULL, 'stage',
            lag(stage) OVER (PARTITION BY id ORDER BY event_at, place), stage
        FROM sn_clocks WHERE event <> 'breached'
        UNION ALL
        SELECT 'task_sla', id, event_at, place, NULL, 'has_breached', '0',
        '1' FROM sn_clocks WHERE event = 'breached'
    ),
    kept AS (SELECT * FROM changes WHERE oldvalue IS DISTINCT FROM newvalue)
    SELECT
        sn_id('sys_audit', concat_ws('/', documentkey, fieldname, step, epoch(moment))) AS "sys_id",
        tablename AS "tablename", fieldname AS "fieldname", documentkey AS "documentkey",
        coalesce(user_name, 'system') AS "user", oldvalue AS "oldvalue", newvalue AS "newvalue",
        NULL AS "reason",
        dense_rank() OVER (PARTITION BY documentkey ORDER BY moment, step) AS "record_checkpoint",
        coalesce(user_name, 'system') AS "sys_created_by", sn_time(moment) AS "sys_created_on",
        CAST(moment AS DATE) + 1 AS _day
    FROM kept ORDER BY moment, documentkey, step, fieldname
"""

_JOURNAL = """
    WITH entries AS (
        SELECT
            case_id, message_id AS key, 'comments' AS element, body, sent_at AS moment,
            CASE direction WHEN 'inbound' THEN 'customer' ELSE author_id END AS author
        FROM messages WHERE case_id IS NOT NULL
        UNION ALL
        SELECT case_id, note_id, 'work_notes', body, created_at, author_id FROM notes
    )
    SELECT
        sn_id('sys_journal_field', e.key) AS "sys_id", 'incident' AS "name", e.element AS "element",
        e.case_id AS "element_id", e.body AS "value",
        CASE e.author WHEN 'customer' THEN lower(c.customer_id) ELSE coalesce(u.user_name, 'system') END
            AS "sys_created_by",
        sn_time(e.moment) AS "sys_created_on", CAST(e.moment AS DATE) + 1 AS _day
    FROM entries AS e
    JOIN cases AS c ON c.case_id = e.case_id
    LEFT JOIN sn_users AS u ON u.id = e.author
    ORDER BY e.moment, e.key
"""

_TASK_SLA = (
    "sys_id active business_duration business_pause_duration business_percentage business_time_left"
    " duration end_time has_breached original_breach_time pause_duration pause_time percentage"
    " planned_end_time schedule sla stage start_time sys_created_by sys_created_on sys_mod_count"
    " sys_updated_by sys_updated_on task time_left timezone"
)
_IN_BUSINESS = "CASE clock WHEN 'business' THEN seconds / 2 ELSE seconds END"
_TASK_SLA_VALUES = {
    **_stamps("start_at", "last_at", n_updates="n_events - 1"),
    "sys_id": "id",
    "active": "stage IN ('in_progress', 'paused')",
    "duration": "sn_duration(seconds - least(pause_seconds, seconds))",
    "business_duration": "sn_duration(business_seconds)",
    "pause_duration": "CASE WHEN pause_seconds > 0 THEN sn_duration(pause_seconds) END",
    "business_pause_duration": "CASE WHEN pause_seconds > 0 THEN sn_duration(pause_seconds / 2) END",
    "pause_time": "sn_time(pause_at)",
    "percentage": "round(100.0 * (seconds - least(pause_seconds, seconds)) / target_seconds, 2)",
    "business_percentage": "round(100.0 * business_seconds / target_seconds, 2)",
    "business_time_left": "sn_duration(greatest(target_seconds - business_seconds, 0))",
    "time_left": "sn_duration(greatest(date_diff('second', last_at, due), 0))",
    "has_breached": "breach_at IS NOT NULL",
    "start_time": "sn_time(start_at)",
    "end_time": "sn_time(end_at)",
    "original_breach_time": "sn_time(least(first_due, due))",
    "planned_end_time": "sn_time(due)",
    "schedule": "sn_id('cmn_schedule', calendar_id)",
    "sla": "sla_id",
    "task": "case_id",
    "stage": "stage",
    "timezone": "'UTC'",
}
_CLOCKS = f"""
    WITH days AS (
        SELECT
            id, CAST(event_at AS DATE) AS day, any_value(case_id) AS case_id, any_value(sla_id) AS sla_id,
            any_value(target_seconds) AS target_seconds, any_value(clock) AS clock,
            any_value(calendar_id) AS calendar_id, count(*) AS n_events, max(event_at) AS last_at,
            max_by(stage, (event_at, place)) FILTER (event <> 'breached') AS stage,
            min(event_at) FILTER (event = 'start') AS start_at,
            max(event_at) FILTER (event IN ('met', 'cancelled')) AS end_at,
            min(event_at) FILTER (event = 'breached') AS breach_at,
            max(event_at) FILTER (event = 'pause') AS pause_at,
            coalesce(sum(epoch(event_at)) FILTER (event = 'pause'), 0) AS pauses,
            coalesce(sum(epoch(event_at)) FILTER (event = 'resume'), 0) AS resumes
        FROM sn_clocks GROUP BY id, CAST(event_at AS DATE)
    ),
    running AS (
        SELECT
            id, day, case_id, sla_id, target_seconds, clock, calendar_id, last_at,
            sum(n_events) OVER until_then AS n_events,
            last_value(stage IGNORE NULLS) OVER until_then AS stage,
            min(start_at) OVER until_then AS start_at, max(end_at) OVER until_then AS end_at,
            min(breach_at) OVER until_then AS breach_at,
            last_value(pause_at IGNORE NULLS) OVER until_then AS pause_at,
            CAST(sum(resumes - pauses) OVER until_then AS BIGINT) AS paused
        FROM days WINDOW until_then AS (PARTITION BY id ORDER BY day)
    ),
    measured AS (
        SELECT
            *, paused + CASE stage
                WHEN 'paused' THEN CAST(epoch(last_at) AS BIGINT) ELSE 0 END AS pause_seconds,
            date_diff('second', start_at, coalesce(end_at, last_at)) AS seconds,
            start_at + to_seconds(target_seconds * CASE clock WHEN 'business' THEN 2 ELSE 1 END) AS first_due
        FROM running WHERE start_at IS NOT NULL
    ),
    judged AS (
        SELECT
            *, CASE WHEN breach_at IS NULL THEN least({_IN_BUSINESS}, target_seconds * 0.99)
                ELSE greatest({_IN_BUSINESS}, target_seconds) END AS business_seconds,
            coalesce(breach_at, greatest(first_due + to_seconds(pause_seconds), end_at)) AS due
        FROM measured
    )
    SELECT {_columns(_TASK_SLA, _TASK_SLA_VALUES)},
        day + 1 AS _day
    FROM judged ORDER BY day, last_at, id
"""

_CONTRACT_SLA = (
    "sys_id name type target duration duration_type schedule schedule_source timezone collection"
    " start_condition pause_condition stop_condition active sys_created_by sys_created_on sys_mod_count"
    " sys_updated_by sys_updated_on"
)
_CONTRACT_SLA_VALUES = {
    **_stamps("valid_from", "valid_from"),
    "sys_id": "sn_id('contract_sla', policy_id || metric || priority)",
    "name": "concat_ws(' ', policy_id, metric, priority)",
    "type": "'SLA'",
    "target": "CASE metric WHEN 'first_reply' THEN 'response' ELSE 'resolution' END",
    "duration": "sn_duration(target_seconds)",
    "schedule": "sn_id('cmn_schedule', calendar_id)",
    "schedule_source": "CASE clock WHEN 'business' THEN 'sla_definition' ELSE 'no_schedule' END",
    "timezone": "'UTC'",
    "collection": "'incident'",
    "start_condition": "'priority=' || sn_priority(priority)",
    "pause_condition": "'incident_state=3'",
    "stop_condition": "'incident_state=6'",
    "active": "valid_to IS NULL",
}
_POLICIES = f"""
    SELECT {_columns(_CONTRACT_SLA, _CONTRACT_SLA_VALUES)}
    FROM sla_policies ORDER BY policy_id, metric, target_seconds, valid_from
"""

_USER = (
    "sys_id accumulated_roles active avatar building calendar_integration city company cost_center"
    " country date_format default_perspective department edu_status email employee_number"
    " enable_multifactor_authn failed_attempts first_name gender hashed_user_id home_phone"
    " internal_integration_user introduction last_login last_login_device last_login_time last_name"
    " last_password ldap_server location locked_out manager middle_name mobile_phone name notification"
    " password_needs_reset phone photo preferred_language roles schedule source state sys_class_name"
    " sys_created_by sys_created_on sys_domain sys_domain_path sys_mod_count sys_updated_by sys_updated_on"
    " time_format time_zone title user_name user_password vip web_service_access_only zip u_segment u_tier"
    " u_merged_into u_internal"
)
_USER_VALUES = {
    **_stamps("created_at", "updated_at"),
    "sys_id": "id",
    "active": "active",
    "calendar_integration": "1",
    "country": "region",
    "email": "email",
    "employee_number": "employee_number",
    "enable_multifactor_authn": "false",
    "failed_attempts": "0",
    "first_name": "split_part(name, ' ', 1)",
    "last_name": "split_part(name, ' ', -1)",
    "name": "name",
    "internal_integration_user": "false",
    "locked_out": "false",
    "notification": "2",
    "password_needs_reset": "false",
    "phone": "phones[1]",
    "mobile_phone": "phones[2]",
    "home_phone": "phones[3]",
    "sys_class_name": "'sys_user'",
    "sys_domain": "'global'",
    "sys_domain_path": "'/'",
    "time_zone": "time_zone",
    "title": "title",
    "user_name": "user_name",
    "vip": "coalesce(tier = 'vip', false)",
    "web_service_access_only": "false",
    "u_segment": "segment",
    "u_tier": "tier",
    "u_merged_into": "merged_into",
    "u_internal": "coalesce(is_internal, false)",
}
_PEOPLE = f"""
    SELECT {_columns(_USER, _USER_VALUES)}
    FROM sn_users ORDER BY user_name
"""

_GROUP = (
    "sys_id active cost_center default_assignee description email exclude_manager include_members manager"
    " name parent roles source sys_created_by sys_created_on sys_mod_count sys_updated_by sys_updated_on"
    " type u_team_id"
)
_GROUP_VALUES = {
    **_stamps("min(valid_from)", "max(valid_from)", "'admin'"),
    "sys_id": "sn_group(team_id)",
    "active": "true",
    "exclude_manager": "false",
    "include_members": "false",
    "name": "arg_max(team, valid_from)",
    "u_team_id": "team_id",
}
_GROUPS = f"""
    SELECT {_columns(_GROUP, _GROUP_VALUES, parent="sys_user_group")}
    FROM teams GROUP BY team_id ORDER BY team_id
"""

_MEMBER = "sys_id group sys_created_by sys_created_on sys_mod_count sys_updated_by sys_updated_on user"
_MEMBER_VALUES = {
    **_stamps("created_at", "updated_at", "'admin'"),
    "sys_id": "sn_id('sys_user_grmember', id || team_id)",
    "group": "sn_group(team_id)",
    "user": "id",
}
_MEMBERS = f"""
    SELECT {_columns(_MEMBER, _MEMBER_VALUES)}
    FROM sn_users WHERE team_id IS NOT NULL ORDER BY user_name
"""

_ARTICLE = (
    "sys_id number article_id version article_type short_description text workflow_state published"
    " valid_to retired latest language topic kb_knowledge_base kb_category author ownership_group"
    " replacement_article active sys_view_count use_count u_reason u_product sys_created_by sys_created_on"
    " sys_mod_count sys_updated_by sys_updated_on"
)
_ARTICLE_VALUES = {
    **_stamps("published_at", "published_at"),
    "sys_id": "sn_id('kb_knowledge', article_id || coalesce(version, ''))",
    "number": "number",
    "article_id": "sn_id('kb_article', article_id)",
    "version": "place || '.0'",
    "article_type": "'text'",
    "short_description": "title",
    "text": "'<p>' || body || '</p>'",
    "workflow_state": "CASE status WHEN 'archived' THEN 'outdated' ELSE status END",
    "published": "strftime(published_at, '%Y-%m-%d')",
    "valid_to": "strftime(review_due_on, '%Y-%m-%d')",
    "latest": "place = max(place) OVER (PARTITION BY article_id)",
    "language": "language",
    "kb_knowledge_base": "sn_id('kb_knowledge_base', 'service')",
    "kb_category": "sn_id('kb_category', reason)",
    "replacement_article": "superseded_by",
    "active": "status = 'published'",
    "u_reason": "reason",
    "u_product": "product",
}
_ARTICLES = f"""
    WITH numbered AS (
        SELECT
            *, CAST(nullif(regexp_extract(version, '\\d+'), '') AS INTEGER) AS place,
            'KB' || lpad(regexp_extract(article_id, '\\d+'), 7, '0') AS number
        FROM articles
    )
    SELECT {_columns(_ARTICLE, _ARTICLE_VALUES)}
    FROM numbered ORDER BY number, place
"""

_USED = """
    FROM usage AS u
    LEFT JOIN (SELECT DISTINCT telephony_id, crm_user_id FROM agents) AS a ON a.telephony_id = u.agent_id
    LEFT JOIN sn_users AS p ON p.id = a.crm_user_id
"""
_KB_USE = (
    "sys_id article user viewed used times sys_created_by sys_created_on sys_mod_count sys_updated_by"
    " sys_updated_on"
)
_KB_USE_VALUES = {
    **_stamps("u.used_at", "u.used_at", "coalesce(p.user_name, 'system')"),
    "sys_id": "sn_id('kb_use', u.usage_id)",
    "article": "sn_id('kb_knowledge', u.article_id || coalesce(u.version, ''))",
    "user": "a.crm_user_id",
    "viewed": "true",
    "used": "l.contact_id IS NOT NULL",
    "times": "1",
}
_VIEWS = f"""
    SELECT {_columns(_KB_USE, _KB_USE_VALUES)},
        CAST(u.used_at AS DATE) + 1 AS _day
    {_USED}
    LEFT JOIN (SELECT DISTINCT contact_id, article_id FROM usage WHERE kind = 'link') AS l
        ON l.contact_id = u.contact_id AND l.article_id = u.article_id
    WHERE u.kind = 'view' ORDER BY u.used_at, u.usage_id
"""

_KB_TASK = (
    "sys_id kb_knowledge task sys_created_by sys_created_on sys_mod_count sys_updated_by sys_updated_on"
)
_KB_TASK_VALUES = {
    **_stamps("u.used_at", "u.used_at", "coalesce(p.user_name, 'system')"),
    "sys_id": "sn_id('m2m_kb_task', u.usage_id)",
    "kb_knowledge": "sn_id('kb_knowledge', u.article_id || coalesce(u.version, ''))",
    "task": "u.case_id",
}
_ATTACHED = f"""
    SELECT {_columns(_KB_TASK, _KB_TASK_VALUES)},
        CAST(u.used_at AS DATE) + 1 AS _day
    {_USED}
    WHERE u.kind = 'link' AND u.case_id IS NOT NULL ORDER BY u.used_at, u.usage_id
"""

_DELETED = """
    SELECT
        sn_id('sys_audit_delete', case_id) AS "sys_id", 'incident' AS "tablename",
        case_id AS "documentkey", 'INC' || lpad(CAST(case_key + 10001 AS VARCHAR), 7, '0') AS "display_value",
        NULL AS "payload", 'system' AS "sys_created_by", sn_time(removed_at) AS "sys_created_on",
        0 AS "sys_mod_count", 'system' AS "sys_updated_by", sn_time(removed_at) AS "sys_updated_on",
        CAST(removed_at AS DATE) + 1 AS _day
    FROM cases WHERE is_deleted ORDER BY removed_at, case_key
"""

RARE = frozenset({"sys_audit_delete"})
"""Tables that are written only if they have rows."""
DAILY = {
    "incident": _INCIDENTS,
    "sys_audit": _AUDIT,
    "sys_journal_field": _JOURNAL,
    "task_sla": _CLOCKS,
    "kb_use": _VIEWS,
    "m2m_kb_task": _ATTACHED,
    "sys_audit_delete": _DELETED,
}
"""Tables of which the file of a day brings what was made or changed the day before, as it then stood."""
WHOLE = {
    "sys_user": _PEOPLE,
    "sys_user_group": _GROUPS,
    "sys_user_grmember": _MEMBERS,
    "contract_sla": _POLICIES,
    "kb_knowledge": _ARTICLES,
}
"""Tables delivered as they stand at the end."""


def _export(delivery: Delivery) -> None:
    for statement in _PREPARED:
        delivery.connection.execute(statement)
    host = f"{delivery.instance.replace('_', '-')}.service-now.com"
    daily, whole = (
        {name: select.replace("{host}", host) for name, select in tables.items()} for tables in (DAILY, WHOLE)
    )
    if not delivery.connection.execute("SELECT count(*) FROM cases WHERE is_deleted").fetchall()[0][0]:
        daily = {name: select for name, select in daily.items() if name not in RARE}
    delivery.tables("servicenow", daily, whole, WITH_HEADER)


VENDOR = Vendor(
    name="servicenow",
    title="ServiceNow",
    covers=frozenset(
        {"cases", "case_changes", "messages", "customers", "sla_policies", "sla_events", "articles"}
    ),
    ids=Ids(
        contact=lambda key, _: sys_id("interaction", key),
        case=lambda key: sys_id("incident", key),
        agent=lambda index: sys_id("sys_user/agent", index),
    ),
    export=_export,
    rare=RARE,
    files={name: f"servicenow/*/{name}.csv" for name in DAILY}
    | {name: f"servicenow/{name}.csv" for name in WHOLE},
)
"""ServiceNow incident management."""
