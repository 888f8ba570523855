"""Zendesk: pages of its JSON API as an extractor saves them, numeric ids, UTC times with whole seconds.

Tickets come from the incremental export, so one that changes on three days comes three times. Every change,
comment and notification of one moment stands in one audit. What is chosen for a custom field is a tag, too.
A group's description is what the rest of the centre calls it. What agents look up is not recorded at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from seeds.simulator.exports.kit import Delivery, Ids, Vendor

PAGE = 1000
"""Most objects on one page."""
_DAYS_AT_ONCE = 10  # a page is put together in memory
_AGENTS, _GROUPS, _CUSTOMERS, _POLICIES = 370_000_000_000, 360_000_000_000, 390_000_000_000, 360_100_000_000
_ORGANIZATIONS, _FIELDS, _BRAND, _FORM = 380_000_000_000, 360_200_000_000, 360_003_529_001, 360_002_048_001
_GOOD = 4
"""From which value of a survey on a rating counts as good."""

_PREPARED = (
    """
    CREATE OR REPLACE TEMP MACRO zd_time(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%SZ');
    CREATE OR REPLACE TEMP MACRO zd_number(id) AS
        CAST(split_part(id, '-', 1) AS BIGINT)
        + 1000000000000 * coalesce(CAST(nullif(split_part(id, '-', 2), '') AS BIGINT), 0);
    CREATE OR REPLACE TEMP MACRO zd_status(status) AS
        CASE status WHEN 'on_hold' THEN 'hold' WHEN 'resolved' THEN 'solved' ELSE status END;
    CREATE OR REPLACE TEMP MACRO zd_channel(channel) AS
        CASE channel WHEN 'voice' THEN 'voice' WHEN 'chat' THEN 'chat'
            WHEN 'email' THEN 'email' ELSE 'web' END;
    CREATE OR REPLACE TEMP MACRO zd_metric(metric) AS
        CASE metric WHEN 'first_reply' THEN 'reply_time' ELSE 'requester_wait_time' END;
    CREATE OR REPLACE TEMP MACRO zd_minutes(since, until) AS
        {'calendar': date_diff('second', since, until) // 60, 'business': date_diff('second', since,
        until) // 60};
    """,
    f"""
    CREATE OR REPLACE TEMP TABLE zd_groups AS
    SELECT
        team_id, {_GROUPS} + row_number() OVER (ORDER BY team_id) AS id, arg_max(team, valid_from) AS name,
        min(valid_from) AS created_at, max(valid_from) AS updated_at
    FROM teams GROUP BY team_id
    """,
    f"""
    CREATE OR REPLACE TEMP TABLE zd_customers AS
    SELECT
        *, {_CUSTOMERS} + row_number() OVER (ORDER BY customer_id) AS id,
        {_ORGANIZATIONS} + dense_rank() OVER (ORDER BY segment) AS organization_id
    FROM customers
    """,
    f"""
    CREATE OR REPLACE TEMP TABLE zd_policies AS
    SELECT policy_id,
    {_POLICIES} + row_number() OVER (ORDER BY policy_id) AS id FROM sla_policies GROUP BY policy_id
    """,
    """
    CREATE OR REPLACE TEMP TABLE zd_cases AS
    SELECT c.*, zd_number(c.case_id) AS id, p.id AS requester_id, p.name AS requester,
        p.emails[1] AS address, p.organization_id
    FROM cases AS c LEFT JOIN zd_customers AS p ON p.customer_id = c.customer_id
    """,
    """
    CREATE OR REPLACE TEMP TABLE zd_versions AS
    WITH firsts AS (
        SELECT
            c.case_id, c.opened_at, c.priority,
            coalesce(min_by(h.old_value, h.change_seq), c.group_id) AS team_id
        FROM cases AS c LEFT JOIN case_changes AS h ON h.case_id = c.case_id AND h.field = 'group'
        GROUP BY c.case_id, c.opened_at, c.priority, c.group_id
    ),
    moves AS (
        SELECT case_id, 'status' AS field, 'new' AS value, opened_at AS moment, -1 AS step FROM firsts
        UNION ALL SELECT case_id, 'group', team_id, opened_at, -1 FROM firsts
        UNION ALL SELECT case_id, 'priority', priority, opened_at, -1 FROM firsts
        UNION ALL SELECT case_id, field, coalesce(new_value, ''), changed_at, change_seq FROM case_changes
        UNION ALL SELECT case_id, 'status', 'deleted', removed_at, 1000000 FROM cases WHERE is_deleted
        UNION ALL
        SELECT m.case_id, 'comment', '', m.sent_at, 0
        FROM messages AS m JOIN firsts AS f ON f.case_id = m.case_id AND m.sent_at > f.opened_at
        UNION ALL
        SELECT n.case_id, 'comment', '', n.created_at, 0
        FROM notes AS n JOIN firsts AS f ON f.case_id = n.case_id AND n.created_at > f.opened_at
    ),
    days AS (
        SELECT
            case_id, CAST(moment AS DATE) AS day, max(moment) AS moved_at,
            max_by(value, (moment, step)) FILTER (field = 'status') AS status,
            max_by(value, (moment, step)) FILTER (field = 'priority') AS priority,
            max_by(value, (moment, step)) FILTER (field = 'owner') AS owner,
            max_by(value, (moment, step)) FILTER (field = 'group') AS team_id
        FROM moves GROUP BY case_id, CAST(moment AS DATE)
    )
    SELECT
        case_id, day, moved_at, last_value(status IGNORE NULLS) OVER until_then AS status,
        last_value(priority IGNORE NULLS) OVER until_then AS priority,
        nullif(last_value(owner IGNORE NULLS) OVER until_then, '') AS owner,
        last_value(team_id IGNORE NULLS) OVER until_then AS team_id
    FROM days WINDOW until_then AS (PARTITION BY case_id ORDER BY day)
    """,
    """
    CREATE OR REPLACE TEMP TABLE zd_events AS
    SELECT c.id AS ticket_id, h.changed_at AS moment, coalesce(zd_number(h.changed_by), -1) AS author_id,
        h.change_seq AS place,
        'Change' AS type, CASE h.field WHEN 'owner' THEN 'assignee_id'
            WHEN 'group' THEN 'group_id' ELSE h.field END
            AS field_name,
        CASE h.field WHEN 'status' THEN zd_status(h.new_value) WHEN 'group' THEN CAST(new.id AS VARCHAR)
            ELSE h.new_value END AS value,
        CASE h.field WHEN 'status' THEN zd_status(h.old_value) WHEN 'group' THEN CAST(old.id AS VARCHAR)
            ELSE h.old_value END AS previous_value,
        NULL AS body, NULL AS is_public, NULL AS contact_id
    FROM case_changes AS h
    JOIN zd_cases AS c ON c.case_id = h.case_id
    LEFT JOIN zd_groups AS new ON h.field = 'group' AND new.team_id = h.new_value
    LEFT JOIN zd_groups AS old ON h.field = 'group' AND old.team_id = h.old_value
    UNION ALL
    SELECT
        c.id, c.opened_at, coalesce(c.requester_id, -1), f.place, f.type, f.field_name, f.value, NULL, f.body,
        f.is_public, NULL
    FROM zd_cases AS c
    LEFT JOIN (
        SELECT case_id, min_by(old_value,
        change_seq) AS team_id FROM case_changes WHERE field = 'group' GROUP BY case_id
    ) AS first ON first.case_id = c.case_id
    LEFT JOIN zd_groups AS g ON g.team_id = coalesce(first.team_id, c.group_id)
    CROSS JOIN LATERAL (VALUES
        (-9, 'Comment', NULL, NULL, c.description, true),
        (-8, 'Create', 'subject', c.subject, NULL, NULL),
        (-7, 'Create', 'status', 'new', NULL, NULL),
        (-6, 'Create', 'priority', c.priority, NULL, NULL),
        (-5, 'Create', 'group_id', CAST(g.id AS VARCHAR), NULL, NULL),
        (-4, 'Create', 'requester_id', CAST(c.requester_id AS VARCHAR), NULL, NULL)
    ) AS f (place, type, field_name, value, body, is_public)
    UNION ALL
    SELECT
        c.id, greatest(m.sent_at, c.opened_at),
        coalesce(if(m.direction = 'inbound', c.requester_id, zd_number(m.author_id)), -1),
        1000 + f.place, f.type, NULL,
        CASE f.type WHEN 'Notification' THEN CAST(c.requester_id AS VARCHAR) END, NULL,
        CASE f.type WHEN 'Comment' THEN m.body END, true, m.contact_id
    FROM messages AS m
    JOIN zd_cases AS c ON c.case_id = m.case_id
    JOIN (VALUES (1, 'Comment', 'inbound'), (1, 'Comment', 'outbound'), (2, 'Notification', 'outbound'))
        AS f (place, type, direction) ON f.direction = m.direction
    UNION ALL
    SELECT
        c.id, greatest(n.created_at, c.opened_at), coalesce(zd_number(n.author_id), -1),
        2000, 'Comment', NULL, NULL, NULL, n.body, false, n.contact_id
    FROM notes AS n JOIN zd_cases AS c ON c.case_id = n.case_id
    """,
    """
    CREATE OR REPLACE TEMP TABLE zd_metric_events AS
    WITH metric_events AS (
        SELECT
            c.id AS ticket_id, e.event_at AS moment, zd_metric(e.metric) AS metric, f.type, f.place,
            p.target_seconds, p.clock, p.policy_id, k.id AS policy
        FROM sla_events AS e
        JOIN zd_cases AS c ON c.case_id = e.case_id
        JOIN (VALUES
            ('start', 'activate', 1), ('start', 'apply_sla', 2), ('pause', 'pause', 3),
            ('resume', 'activate', 4), ('breached', 'breach', 5), ('met', 'fulfill', 6),
            ('cancelled', 'fulfill', 6)
        ) AS f (event, type, place) ON f.event = e.event
        LEFT JOIN zd_policies AS k ON k.policy_id = e.policy_id
        LEFT JOIN sla_policies AS p
            ON p.policy_id = e.policy_id AND p.metric = e.metric AND p.priority = c.priority
            AND p.valid_from <= e.event_at AND coalesce(p.valid_to > e.event_at, true)
    )
    SELECT *, 3000000000000 + row_number() OVER (ORDER BY moment, ticket_id, metric, place) AS id
    FROM metric_events
    """,
    """
    CREATE OR REPLACE TEMP TABLE zd_audits AS
    WITH audits AS (
        SELECT
            ticket_id, moment, author_id, max(contact_id) AS contact_id,
            2000000000000 + row_number() OVER (ORDER BY moment, ticket_id, min(place), author_id) AS id
        FROM zd_events GROUP BY ticket_id, moment, author_id
    )
    SELECT
        a.id, a.contact_id, e.* EXCLUDE (contact_id),
        a.id * 100 + row_number() OVER (PARTITION BY a.id ORDER BY e.place, e.field_name) AS event_id
    FROM audits AS a
    JOIN zd_events AS e ON e.ticket_id = a.ticket_id AND e.moment = a.moment AND e.author_id = a.author_id
    """,
    "DROP TABLE zd_events",
)


_TICKETS = f"""
    SELECT
        v.day, v.moved_at AS moment, c.id, to_json({{
            'url': 'https://{{host}}/api/v2/tickets/' || c.id || '.json',
            'id': c.id,
            'external_id': NULL,
            'via': {{
                'channel': zd_channel(c.channel),
                'source': {{
                    'from': {{
                        'address': CASE c.channel WHEN 'email' THEN c.address END,
                        'name': CASE c.channel WHEN 'email' THEN c.requester END,
                        'ticket_id': zd_number(c.parent_case_id),
                        'id': NULL,
                        'title': NULL
                    }},
                    'to': {{'address': CASE c.channel
                        WHEN 'email' THEN 'support@{{host}}' END, 'name': NULL}},
                    'rel': CASE WHEN c.parent_case_id IS NOT NULL THEN 'follow_up' END
                }}
            }},
            'created_at': zd_time(c.opened_at),
            'updated_at': zd_time(v.moved_at),
            'generated_timestamp': CAST(epoch(v.moved_at) AS BIGINT),
            'type': 'question',
            'subject': c.subject,
            'raw_subject': c.subject,
            'description': c.description,
            'priority': v.priority,
            'status': zd_status(v.status),
            'recipient': CASE c.channel WHEN 'email' THEN 'support@{{host}}' END,
            'requester_id': c.requester_id,
            'submitter_id': c.requester_id,
            'assignee_id': zd_number(v.owner),
            'organization_id': c.organization_id,
            'group_id': g.id,
            'collaborator_ids': [],
            'follower_ids': [],
            'email_cc_ids': [],
            'forum_topic_id': NULL,
            'problem_id': NULL,
            'has_incidents': false,
            'is_public': true,
            'due_at': NULL,
            'tags': list_distinct(list_filter([
                c.reason, c.product, CASE WHEN c.resolved_at < v.day + 1 THEN c.resolution_code END
            ], lambda tag: tag IS NOT NULL)),
            'custom_fields': [
                {{'id': {_FIELDS + 1}, 'value': c.reason}},
                {{'id': {_FIELDS + 2}, 'value': c.product}},
                {{'id': {_FIELDS + 3}, 'value': CASE
                    WHEN c.resolved_at < v.day + 1 THEN c.resolution_code END}}
            ],
            'satisfaction_rating': {{'score': coalesce(r.score, 'unoffered')}},
            'sharing_agreement_ids': [],
            'followup_ids': [],
            'ticket_form_id': {_FORM},
            'brand_id': {_BRAND},
            'allow_channelback': false,
            'allow_attachments': true,
            'from_messaging_channel': false
        }}) AS item
    FROM zd_versions AS v
    JOIN zd_cases AS c ON c.case_id = v.case_id
    LEFT JOIN zd_groups AS g ON g.team_id = v.team_id
    LEFT JOIN (
        SELECT
            d.case_id, d.day,
            max_by(CASE
                WHEN s.answered_at IS NULL OR s.answered_at >= d.day + 1 THEN 'offered'
                WHEN s.value >= {{good}} THEN 'good' ELSE 'bad'
            END, s.sent_at) AS score
        FROM zd_versions AS d JOIN surveys AS s ON s.case_id = d.case_id AND s.sent_at < d.day + 1
        WHERE s.kind = 'csat'
        GROUP BY d.case_id, d.day
    ) AS r ON r.case_id = v.case_id AND r.day = v.day
"""

_AUDITS = """
    WITH written AS (
        SELECT *, CASE type
            WHEN 'Change' THEN to_json({
                'id': event_id, 'type': type, 'field_name': field_name, 'value': value,
                'previous_value': previous_value
            })
            WHEN 'Create' THEN to_json({
                'id': event_id, 'type': type, 'field_name': field_name, 'value': value
            })
            WHEN 'Comment' THEN to_json({
                'id': event_id, 'type': type, 'author_id': author_id, 'body': body,
                'html_body': '<p>' || body || '</p>', 'public': is_public, 'attachments': [], 'audit_id': id
            })
            ELSE to_json({
                'id': event_id, 'type': type, 'subject': 'Re: your request ' || ticket_id,
                'body': 'Your request has been updated.',
                'via': {
                    'channel': 'rule',
                    'source': {'from': {'id': 360011, 'title': 'Notify requester'}, 'rel': 'trigger'}
                },
                'recipients': [CAST(value AS BIGINT)]
            })
        END AS event
        FROM zd_audits WHERE {due}
    )
    SELECT
        CAST(w.moment AS DATE) AS day, w.moment, w.id,
        '{"id":' || w.id || ',"ticket_id":' || w.ticket_id || ',"created_at":"' || zd_time(w.moment)
        || '","author_id":' || w.author_id || ',"metadata":{"system":{"client":null},"custom":'
        || to_json({'contact_id': any_value(w.contact_id)}) || '},"via":{"channel":"'
        || CASE WHEN w.author_id = -1 THEN 'rule' ELSE 'web' END
        || '","source":{"from":{},"to":{},"rel":null}},"events":['
        || string_agg(w.event, ',' ORDER BY w.event_id) || ']}' AS item
    FROM written AS w
    GROUP BY w.id, w.ticket_id, w.moment, w.author_id
"""

_METRIC_EVENTS = """
    SELECT
        CAST(moment AS DATE) AS day, moment, id,
        CASE type
            WHEN 'apply_sla' THEN to_json({
                'id': id, 'ticket_id': ticket_id, 'metric': metric, 'instance_id': 1, 'type': type,
                'time': zd_time(moment),
                'sla': {
                    'target': target_seconds // 60, 'target_in_seconds': target_seconds,
                    'business_hours': clock = 'business',
                    'policy': {'id': policy, 'title': policy_id, 'description': NULL}
                }
            })
            ELSE to_json({
                'id': id, 'ticket_id': ticket_id, 'metric': metric, 'instance_id': 1, 'type': type,
                'time': zd_time(moment)
            })
        END AS item
    FROM zd_metric_events WHERE {due}
"""

_RATINGS = """
    WITH ratings AS (
        SELECT s.*, 360300000000 + row_number() OVER (ORDER BY s.sent_at, s.response_id) AS id
        FROM surveys AS s WHERE s.kind = 'csat' AND s.case_id IS NOT NULL
    ),
    states AS (
        SELECT *, sent_at AS moment, 'offered' AS score FROM ratings
        UNION ALL
        SELECT *, answered_at, CASE WHEN value >= {good} THEN 'good' ELSE 'bad' END FROM ratings
        WHERE answered_at IS NOT NULL
    )
    SELECT
        CAST(s.moment AS DATE) AS day, s.moment, s.id, to_json({
            'url': 'https://{host}/api/v2/satisfaction_ratings/' || s.id || '.json',
            'id': s.id,
            'assignee_id': zd_number(c.owner_id),
            'group_id': g.id,
            'requester_id': c.requester_id,
            'ticket_id': c.id,
            'score': s.score,
            'comment': CASE WHEN s.score <> 'offered' THEN s.comment END,
            'reason': NULL,
            'created_at': zd_time(s.sent_at),
            'updated_at': zd_time(s.moment)
        }) AS item
    FROM states AS s
    JOIN zd_cases AS c ON c.case_id = s.case_id
    LEFT JOIN zd_groups AS g ON g.team_id = c.group_id
    WHERE {due}
"""

_METRICS = """
    WITH moved AS (
        SELECT
            case_id,
            count(*) FILTER (field = 'group') AS n_groups, count(*) FILTER (field = 'owner') AS n_owners,
            count(*) FILTER (field = 'status' AND old_value IN ('resolved', 'closed') AND new_value = 'open')
                AS n_reopens,
            min(changed_at) FILTER (field = 'owner') AS first_assigned_at,
            max(changed_at) FILTER (field = 'owner') AS assigned_at,
            max(changed_at) FILTER (field = 'status') AS status_at,
            min(changed_at) FILTER (field = 'status' AND new_value = 'resolved') AS first_solved_at,
            max(changed_at) FILTER (field = 'status' AND new_value = 'resolved') AS solved_at
        FROM case_changes GROUP BY case_id
    ),
    waits AS (
        SELECT
            case_id,
            sum(date_diff('second', changed_at, until)) FILTER (value = 'on_hold') AS on_hold,
            sum(date_diff('second', changed_at, until)) FILTER (value = 'pending') AS pending
        FROM (
            SELECT case_id, new_value AS value, changed_at,
                lead(changed_at) OVER (PARTITION BY case_id ORDER BY changed_at, change_seq) AS until
            FROM case_changes WHERE field = 'status'
        ) GROUP BY case_id
    ),
    said AS (
        SELECT
            case_id, count(*) FILTER (direction = 'outbound') AS n_replies,
            min(sent_at) FILTER (direction = 'outbound') AS replied_at,
            max(sent_at) FILTER (direction = 'inbound') AS requester_at, max(sent_at) AS commented_at
        FROM messages WHERE case_id IS NOT NULL GROUP BY case_id
    )
    SELECT
        NULL AS day, c.opened_at AS moment, c.id, to_json({
            'url': 'https://{host}/api/v2/ticket_metrics/' || (c.id + 4000000000000) || '.json',
            'id': c.id + 4000000000000,
            'ticket_id': c.id,
            'created_at': zd_time(c.opened_at),
            'updated_at': zd_time(c.updated_at),
            'group_stations': coalesce(m.n_groups, 0) + 1,
            'assignee_stations': coalesce(m.n_owners, 0),
            'reopens': coalesce(m.n_reopens, 0),
            'replies': coalesce(s.n_replies, 0),
            'assignee_updated_at': zd_time(m.assigned_at),
            'requester_updated_at': zd_time(coalesce(s.requester_at, c.opened_at)),
            'status_updated_at': zd_time(coalesce(m.status_at, c.opened_at)),
            'initially_assigned_at': zd_time(m.first_assigned_at),
            'assigned_at': zd_time(m.assigned_at),
            'solved_at': zd_time(CASE WHEN c.status IN ('resolved', 'closed') THEN m.solved_at END),
            'latest_comment_added_at': zd_time(coalesce(s.commented_at, c.opened_at)),
            'custom_status_updated_at': zd_time(coalesce(m.status_at, c.opened_at)),
            'reply_time_in_minutes': zd_minutes(c.opened_at, greatest(s.replied_at, c.opened_at)),
            'first_resolution_time_in_minutes': zd_minutes(c.opened_at, m.first_solved_at),
            'full_resolution_time_in_minutes': zd_minutes(c.opened_at, c.resolved_at),
            'agent_wait_time_in_minutes':
                {'calendar': coalesce(w.pending, 0) // 60, 'business': coalesce(w.pending, 0) // 60},
            'requester_wait_time_in_minutes': {
                'calendar': (date_diff('second', c.opened_at, c.resolved_at) - coalesce(w.pending, 0)) // 60,
                'business': (date_diff('second', c.opened_at, c.resolved_at) - coalesce(w.pending, 0)) // 60
            },
            'on_hold_time_in_minutes':
                {'calendar': coalesce(w.on_hold, 0) // 60, 'business': coalesce(w.on_hold, 0) // 60}
        }) AS item
    FROM zd_cases AS c
    LEFT JOIN moved AS m ON m.case_id = c.case_id
    LEFT JOIN waits AS w ON w.case_id = c.case_id
    LEFT JOIN said AS s ON s.case_id = c.case_id
"""

_USERS = """
    WITH everyone AS (
        SELECT
            zd_number(crm_user_id) AS id, arg_max(a.name, a.valid_from) AS name,
            arg_max(email, a.valid_from) AS email, NULL AS phone, 'agent' AS role, arg_max(agent_id,
            a.valid_from)
                AS external_id,
            bool_or(valid_to IS NULL) AS active, min(valid_from) AS created_at, max(valid_from) AS updated_at,
            NULL AS organization_id, arg_max(g.id, a.valid_from) AS group_id, NULL AS time_zone,
            NULL AS segment, NULL AS tier, NULL AS region, NULL AS merged_into, NULL AS is_internal
        FROM agents AS a LEFT JOIN zd_groups AS g ON g.team_id = a.team_id
        WHERE crm_user_id IS NOT NULL GROUP BY crm_user_id
        UNION ALL
        SELECT
            id, name, emails[1], phones[1], 'end-user', customer_id, merged_into IS NULL, created_at,
            created_at,
            organization_id, NULL, time_zone, segment, tier, region, merged_into, is_internal
        FROM zd_customers
    )
    SELECT
        NULL AS day, created_at AS moment, id, to_json({
            'id': id,
            'url': 'https://{host}/api/v2/users/' || id || '.json',
            'name': name,
            'email': email,
            'created_at': zd_time(created_at),
            'updated_at': zd_time(updated_at),
            'time_zone': coalesce(time_zone, 'London'),
            'iana_time_zone': coalesce(time_zone, 'Europe/London'),
            'phone': phone,
            'shared_phone_number': CASE WHEN phone IS NOT NULL THEN false END,
            'photo': NULL,
            'remote_photo_url': NULL,
            'locale_id': 1,
            'locale': 'en-US',
            'organization_id': organization_id,
            'role': role,
            'verified': true,
            'external_id': external_id,
            'tags': [],
            'alias': NULL,
            'active': active,
            'shared': false,
            'shared_agent': false,
            'last_login_at': NULL,
            'two_factor_auth_enabled': false,
            'signature': NULL,
            'details': NULL,
            'notes': NULL,
            'role_type': CASE role WHEN 'agent' THEN 0 END,
            'custom_role_id': NULL,
            'moderator': role = 'agent',
            'ticket_restriction': CASE role WHEN 'agent' THEN 'groups' ELSE 'requested' END,
            'only_private_comments': false,
            'restricted_agent': role <> 'agent',
            'suspended': false,
            'chat_only': false,
            'default_group_id': group_id,
            'authenticity_token': NULL,
            'report_csv': false,
            'user_fields': {
                'segment': segment, 'tier': tier, 'region': region, 'merged_into': merged_into,
                'is_internal': is_internal
            }
        }) AS item
    FROM everyone
"""

_IDENTITIES = """
    WITH ways AS (
        SELECT id AS user_id, created_at, 'phone_number' AS type, unnest(phones) AS value,
            generate_subscripts(phones, 1) AS place
        FROM zd_customers
        UNION ALL
        SELECT id, created_at, 'email', unnest(emails), generate_subscripts(emails, 1) FROM zd_customers
    ),
    numbered AS (
        SELECT *, 360400000000 + row_number() OVER (ORDER BY user_id, type, place) AS id FROM ways
    )
    SELECT
        NULL AS day, created_at AS moment, id, to_json({
            'url': 'https://{host}/api/v2/users/' || user_id || '/identities/' || id || '.json',
            'id': id,
            'user_id': user_id,
            'type': type,
            'value': value,
            'verified': true,
            'primary': place = 1,
            'created_at': zd_time(created_at),
            'updated_at': zd_time(created_at)
        }) AS item
    FROM numbered
"""

_TEAMS = """
    SELECT
        NULL AS day, created_at AS moment, id, to_json({
            'url': 'https://{host}/api/v2/groups/' || id || '.json',
            'id': id,
            'is_public': true,
            'name': name,
            'description': team_id,
            'default': false,
            'deleted': false,
            'created_at': zd_time(created_at),
            'updated_at': zd_time(updated_at)
        }) AS item
    FROM zd_groups
"""

_ORGANISATIONS = """
    SELECT
        NULL AS day, min(created_at) AS moment, organization_id AS id, to_json({
            'url': 'https://{host}/api/v2/organizations/' || organization_id || '.json',
            'id': organization_id,
            'name': any_value(segment),
            'shared_tickets': false,
            'shared_comments': false,
            'external_id': NULL,
            'created_at': zd_time(min(created_at)),
            'updated_at': zd_time(min(created_at)),
            'domain_names': [],
            'details': NULL,
            'notes': NULL,
            'group_id': NULL,
            'tags': [],
            'organization_fields': {'segment': any_value(segment)}
        }) AS item
    FROM zd_customers GROUP BY organization_id
"""

_SLA_POLICIES = """
    SELECT
        NULL AS day, min(p.valid_from) AS moment, k.id, to_json({
            'url': 'https://{host}/api/v2/slas/policies/' || k.id || '.json',
            'id': k.id,
            'title': k.policy_id,
            'description': NULL,
            'position': k.id % 1000,
            'filter': {'all': [{'field': 'type', 'operator': 'is', 'value': 'question'}], 'any': []},
            'policy_metrics': list({
                'priority': p.priority,
                'metric': CASE p.metric
                    WHEN 'first_reply' THEN 'first_reply_time' ELSE 'requester_wait_time' END,
                'target': p.target_seconds // 60,
                'target_in_seconds': p.target_seconds,
                'business_hours': p.clock = 'business'
            } ORDER BY p.metric, p.target_seconds),
            'created_at': zd_time(min(p.valid_from)),
            'updated_at': zd_time(max(p.valid_from))
        }) AS item
    FROM sla_policies AS p JOIN zd_policies AS k ON k.policy_id = p.policy_id
    WHERE p.valid_to IS NULL
    GROUP BY k.id, k.policy_id
"""

_TICKET_FIELDS = f"""
    SELECT
        NULL AS day, make_timestamp(2024, 1, 1, 0, 0, 0.0) AS moment, id, to_json({{
            'url': 'https://{{host}}/api/v2/ticket_fields/' || id || '.json',
            'id': id,
            'type': 'tagger',
            'title': title,
            'raw_title': title,
            'active': true,
            'required': false,
            'created_at': '2024-01-01T00:00:00Z',
            'updated_at': '2024-01-01T00:00:00Z'
        }}) AS item
    FROM (VALUES ({_FIELDS + 1}, 'Reason'), ({_FIELDS + 2}, 'Product'), ({_FIELDS + 3}, 'Resolution'))
        AS f (id, title)
"""


@dataclass(frozen=True)
class Feed:
    """An endpoint: its path, the key its objects stand under,
    and SQL that gives each object as JSON in `item`.

    The select has `day` (when it happened),
    and `moment` and `id` for the order. A feed with `due` has one delivery
    a day; in its select `{due}` stands for the days that are written at once.
    """

    key: str
    path: str
    select: str
    due: str = ""
    is_cursor: bool = False


FEEDS = {
    "tickets": Feed("tickets", "incremental/tickets/cursor.json", _TICKETS + "WHERE {due}", "v.day", True),
    "ticket_audits": Feed("audits", "ticket_audits.json", _AUDITS, "CAST(moment AS DATE)", True),
    "ticket_metric_events": Feed(
        "ticket_metric_events",
        "incremental/ticket_metric_events.json",
        _METRIC_EVENTS,
        "CAST(moment AS DATE)",
    ),
    "satisfaction_ratings": Feed(
        "satisfaction_ratings", "satisfaction_ratings.json", _RATINGS, "CAST(s.moment AS DATE)"
    ),
    "ticket_metrics": Feed("ticket_metrics", "ticket_metrics.json", _METRICS),
    "users": Feed("users", "users.json", _USERS),
    "user_identities": Feed("identities", "users/identities.json", _IDENTITIES),
    "groups": Feed("groups", "groups.json", _TEAMS),
    "organizations": Feed("organizations", "organizations.json", _ORGANISATIONS),
    "sla_policies": Feed("sla_policies", "slas/policies.json", _SLA_POLICIES),
    "ticket_fields": Feed("ticket_fields", "ticket_fields.json", _TICKET_FIELDS),
}
"""Endpoints by the name of their files."""


def _paged(name: str, feed: Feed) -> str:
    """SQL that gives path and text of each page of a feed."""
    url = f"https://{{host}}/api/v2/{feed.path}"
    if feed.is_cursor:
        footer = f"""{{
            'after_url': '{url}?cursor=' || cursor, 'after_cursor': cursor, 'before_url': NULL,
            'before_cursor': NULL, 'end_of_stream': is_last
        }}"""
    elif feed.due:
        footer = f"""{{
            'count': n_items, 'end_of_stream': is_last, 'end_time': until,
            'next_page': '{url}?start_time=' || until
        }}"""
    else:
        footer = f"""{{
            'count': sum(n_items) OVER (),
            'next_page': CASE WHEN NOT is_last THEN '{url}?page=' || (page + 2) END,
            'previous_page': CASE WHEN page > 0 THEN '{url}?page=' || page END
        }}"""
    folder = "strftime(day + 1, '%Y-%m-%d/')" if feed.due else "''"
    return f"""
        WITH items AS ({feed.select}),
        placed AS (
            SELECT *, (row_number() OVER (PARTITION BY day ORDER BY moment,
            id) - 1) // {PAGE} AS page FROM items
        ),
        pages AS (
            SELECT
                day, page, count(*) AS n_items, CAST(epoch(max(moment)) AS BIGINT) AS until,
                string_agg(item, ',' ORDER BY moment, id) AS items,
                to_base64(encode(CAST(epoch(max(moment)) AS BIGINT) || '.0||'
                    || max_by(id, (moment, id)))) AS cursor,
                page = max(page) OVER (PARTITION BY day) AS is_last
            FROM placed GROUP BY day, page
        )
        SELECT
            'zendesk/' || {folder} || '{name}_' || lpad(CAST(page + 1 AS VARCHAR), 4, '0') || '.json',
            '{{"{feed.key}":[' || items || '],' || substr(to_json({footer}), 2)
        FROM pages ORDER BY day, page
    """


def _spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        until = min(last, first + timedelta(days=_DAYS_AT_ONCE - 1))
        yield first, until
        first = until + timedelta(days=1)


def _export(delivery: Delivery) -> None:
    for statement in _PREPARED:
        delivery.connection.execute(statement)
    host = f"{delivery.instance.replace('_', '-')}.zendesk.com"
    first = delivery.connection.execute("SELECT CAST(min(moment) AS DATE) FROM zd_audits").fetchall()[0][0]
    last = delivery.last_day - timedelta(days=1)
    for name, feed in FEEDS.items():
        select = _paged(name, feed).replace("{host}", host).replace("{good}", str(_GOOD))
        if not feed.due:
            delivery.texts(f"zendesk/{name}.json", select)
            continue
        for start, end in _spans(first or last, last):
            due = f"{feed.due} BETWEEN DATE '{start}' AND DATE '{end}'"
            delivery.texts(f"zendesk/%Y-%m-%d/{name}.json", select.replace("{due}", due))


VENDOR = Vendor(
    name="zendesk",
    title="Zendesk",
    covers=frozenset(
        {"cases", "case_changes", "messages", "customers", "sla_policies", "sla_events", "surveys"}
    ),
    ids=Ids(
        contact=lambda key, _: str(key + 1),
        case=lambda key: str(key + 1),
        agent=lambda index: str(_AGENTS + index + 1),
    ),
    export=_export,
    files={name: f"zendesk/{'*/' if feed.due else ''}{name}_*.json" for name, feed in FEEDS.items()},
    choices={"groups": {"groups": {"team_id": "team.description"}}},
)
"""Zendesk Support."""
