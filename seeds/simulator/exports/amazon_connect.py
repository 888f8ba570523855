"""Amazon Connect: contact records, contact events, agent events, Contact Lens analyses and evaluations.

Every leg is a record of its own. Mail and forms, which the documented record does not know, are tasks. Agent
events carry only the first heart beat of a quiet time. At scale (`Delivery.is_bulk`) only the contact records
are written: analyses and evaluations are files of their own, and the events repeat the records, at
several times the size.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from seeds.simulator.centre.world import CANARY_TEXT
from seeds.simulator.exports.kit import LINES, Delivery, Ids, Vendor

REGION = "eu-central-1"
REPEATED_PER_MILLE = 18
"""How many of a thousand last records of a chain come a second time: 1.5 % of all records."""
LOST_PER_MILLE = 5
"""How many of a thousand contact events are lost."""
SPAN_DAYS = 14
"""Days written at once, for the sake of memory."""
REVIEW = "in_review"
"""The disposition of a record that will be delivered again; the second delivery bears the final one."""

_MACROS = r"""
CREATE OR REPLACE TEMP MACRO uuid_of(key) AS CAST(CAST(md5(key) AS UUID) AS VARCHAR);
CREATE OR REPLACE TEMP MACRO stamp(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%SZ');
CREATE OR REPLACE TEMP MACRO stamp_ms(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ');
CREATE OR REPLACE TEMP MACRO record_id(contact_id, place) AS
    if(place = 1, contact_id, uuid_of(contact_id || '/' || place));
CREATE OR REPLACE TEMP MACRO filled(object) AS
    CAST(regexp_replace(CAST(to_json(object) AS VARCHAR), ',"[A-Za-z]+":null', '', 'g') AS JSON);
CREATE OR REPLACE TEMP MACRO within_scale(score) AS round(greatest(-5, least(5, score)), 1);
CREATE OR REPLACE TEMP MACRO feeling(score) AS
    CASE WHEN score > 1 THEN 'POSITIVE' WHEN score < -1 THEN 'NEGATIVE' ELSE 'NEUTRAL' END;
"""

_INSTANCE = """
CREATE OR REPLACE TEMP TABLE connect_instance AS
SELECT
    uuid_of(name) AS instance_id,
    lpad(CAST(md5_number_lower(name) % 1000000000000 AS VARCHAR), 12, '0') AS account,
    'arn:aws:connect:{region}:' || account || ':instance/' || instance_id AS arn
FROM (SELECT '{instance}' AS name)
"""

_AGENTS = """
CREATE OR REPLACE TEMP TABLE connect_agent AS
WITH queue AS (
    SELECT team_id, list({{
        'ARN': i.arn || '/queue/' || queue_id,
        'Channels': [CASE channel WHEN 'voice' THEN 'VOICE' WHEN 'chat' THEN 'CHAT' ELSE 'TASK' END],
        'Name': queue
    }} ORDER BY channel = 'voice' DESC, queue_id) AS queues
    FROM queues, connect_instance AS i
    WHERE valid_to IS NULL
    GROUP BY team_id
), person AS (
    SELECT * FROM agents
    QUALIFY row_number() OVER (PARTITION BY telephony_id ORDER BY valid_from DESC) = 1
)
SELECT
    a.agent_id, a.telephony_id, a.email AS username,
    i.arn || '/agent/' || a.telephony_id AS arn,
    {{'ARN': i.arn || '/routing-profile/' || uuid_of(a.team_id), 'Name': t.team}} AS routing_profile,
    {{
        'Level1': {{'ARN': i.arn || '/agent-group/' || uuid_of(t."zone"), 'GroupName': t."zone"}},
        'Level2': {{'ARN': i.arn || '/agent-group/' || uuid_of(t.team_id), 'GroupName': t.team}},
        'Level3': NULL, 'Level4': NULL, 'Level5': NULL
    }} AS hierarchy,
    list_transform([1, 0], lambda n_free: CAST(to_json({{
        'AgentHierarchyGroups': {{
            'Level1': {{'ARN': i.arn || '/agent-group/' || uuid_of(t."zone"), 'Name': t."zone"}},
            'Level2': {{'ARN': i.arn || '/agent-group/' || uuid_of(t.team_id), 'Name': t.team}},
            'Level3': NULL, 'Level4': NULL, 'Level5': NULL
        }},
        'FirstName': split_part(a.name, ' ', 1),
        'LastName': split_part(a.name, ' ', 2),
        'RoutingProfile': {{
            'ARN': i.arn || '/routing-profile/' || uuid_of(a.team_id),
            'Name': t.team,
            'Concurrency': [
                {{'AvailableSlots': n_free, 'Channel': channel, 'MaximumSlots': 1}}
                for channel in ['VOICE', 'CHAT', 'TASK']
            ],
            'DefaultOutboundQueue': q.queues[1],
            'InboundQueues': q.queues
        }},
        'Username': a.email
    }}) AS VARCHAR)) AS configurations
FROM person AS a
CROSS JOIN connect_instance AS i
LEFT JOIN teams AS t ON t.team_id = a.team_id AND t.valid_to IS NULL
LEFT JOIN queue AS q ON q.team_id = a.team_id
"""

_LEGS = """
CREATE OR REPLACE TEMP TABLE connect_leg AS
SELECT
    c.contact_id AS first_id,
    l.leg_seq AS place,
    c.n_legs AS n_places,
    record_id(c.contact_id, l.leg_seq) AS id,
    if(l.leg_seq > 1, c.contact_id, NULL) AS initial_id,
    if(l.leg_seq > 1, record_id(c.contact_id, l.leg_seq - 1), NULL) AS previous_id,
    if(l.leg_seq < c.n_legs, record_id(c.contact_id, l.leg_seq + 1), NULL) AS next_id,
    CASE c.channel WHEN 'voice' THEN 'VOICE' WHEN 'chat' THEN 'CHAT' ELSE 'TASK' END AS channel,
    CASE
        WHEN l.leg_seq > 1 AND before.answered_at IS NULL THEN 'QUEUE_TRANSFER'
        WHEN l.leg_seq > 1 THEN 'TRANSFER'
        WHEN c.direction = 'outbound' THEN 'OUTBOUND'
        WHEN c.channel = 'voice' THEN 'INBOUND'
        ELSE 'API'
    END AS method,
    if(l.leg_seq = 1, c.started_at, l.started_at) AS initiated_at,
    if(c.direction = 'outbound', l.answered_at, initiated_at) AS connected_at,
    l.enqueued_at, l.answered_at, l.ended_at,
    l.ended_at + to_seconds(CAST(coalesce(l.wrap_up_seconds, 0) AS BIGINT)) AS worked_until,
    greatest(worked_until, if(l.leg_seq = c.n_legs, c.delivered_version_at, NULL)) AS updated_at,
    l.agent_id, l.queue_id, q.queue,
    CAST(l.talk_seconds AS BIGINT) AS talk,
    CAST(l.hold_seconds AS BIGINT) AS hold,
    l.n_holds
FROM legs AS l
JOIN contacts AS c USING (contact_id)
LEFT JOIN legs AS before ON before.contact_id = l.contact_id AND before.leg_seq = l.leg_seq - 1
LEFT JOIN queues AS q ON q.queue_id = l.queue_id AND q.valid_to IS NULL
"""

_RECORDS = """
WITH delivered AS (
    SELECT
        l.*,
        version.number AS version,
        md5_number_lower(l.id) % 1000 AS luck,
        l.updated_at + to_days(CAST(1 + luck % 5 AS INTEGER)) AS updated_again_at,
        l.place = l.n_places AND luck < {repeated}
            AND updated_again_at < DATE '{last_day}' + INTERVAL 1 DAY AS is_repeated,
        if(version.number = 2, updated_again_at, l.updated_at) AS written_at
    FROM connect_leg AS l
    CROSS JOIN (VALUES (1), (2)) AS version(number)
    WHERE (version.number = 1 OR is_repeated)
        AND l.updated_at BETWEEN DATE '{since}' - INTERVAL 6 DAY AND DATE '{until}'
        AND written_at >= DATE '{since}' AND written_at < DATE '{until}'
)
SELECT
    CAST(l.written_at AS DATE) AS _day,
    i.account AS "AWSAccountId",
    '2017-03-10' AS "AWSContactTraceRecordFormatVersion",
    if(l.answered_at IS NULL, NULL, {{
        'ARN': a.arn,
        'AfterContactWorkDuration': date_diff('second', l.ended_at, l.worked_until),
        'AfterContactWorkEndTimestamp': stamp(l.worked_until),
        'AfterContactWorkStartTimestamp': stamp(l.ended_at),
        'AgentInteractionDuration': l.talk,
        'ConnectedToAgentTimestamp': stamp(l.answered_at),
        'CustomerHoldDuration': l.hold,
        'HierarchyGroups': a.hierarchy,
        'LongestHoldDuration': if(l.n_holds > 1, CAST(ceil(l.hold * 0.6) AS BIGINT), l.hold),
        'NumberOfHolds': l.n_holds,
        'RoutingProfile': a.routing_profile,
        'Username': a.username,
        'stateTransitions': NULL
    }}) AS "Agent",
    CASE WHEN l.answered_at IS NULL THEN 0 WHEN l.luck % 20 = 0 THEN 2 ELSE 1 END
        AS "AgentConnectionAttempts",
    NULL AS "AnsweringMachineDetectionStatus",
    map_from_entries(list_filter([
        {{'k': 'case_id', 'v': c.case_id}},
        {{'k': 'customer_id', 'v': c.customer_id}},
        {{'k': 'disposition', 'v': CASE
            WHEN l.is_repeated AND l.version = 1 THEN '{review}'
            WHEN l.place = l.n_places THEN c.disposition
        END}},
        {{'k': 'customer_email', 'v': c.email}},
        {{'k': 'entry_point', 'v': c.entry_point}},
        {{'k': 'ivr_path', 'v': c.ivr_path}},
        {{'k': 'reason', 'v': c.reason_entry}},
        {{'k': 'reason_close', 'v': if(l.place = l.n_places, c.reason_close, NULL)}},
        {{'k': 'task_source', 'v': if(l.channel = 'TASK', c.channel, NULL)}}
    ], lambda pair: pair.v IS NOT NULL)) AS "Attributes",
    NULL AS "Campaign",
    l.channel AS "Channel",
    stamp(l.connected_at) AS "ConnectedToSystemTimestamp",
    CASE WHEN l.channel = 'TASK' THEN map_from_entries(list_filter(
        [{{'k': 'Subject', 'v': s.subject}}], lambda pair: pair.v IS NOT NULL)) END AS "ContactDetails",
    l.id AS "ContactId",
    if(c.ani IS NULL, NULL, {{'Address': c.ani, 'Type': 'TELEPHONE_NUMBER'}}) AS "CustomerEndpoint",
    CASE
        WHEN l.next_id IS NOT NULL THEN NULL
        WHEN l.channel <> 'TASK' AND c.ended_by = 'customer' THEN 'CUSTOMER_DISCONNECT'
        WHEN l.answered_at IS NULL THEN 'CONTACT_FLOW_DISCONNECT'
        ELSE 'AGENT_DISCONNECT'
    END AS "DisconnectReason",
    stamp(l.ended_at) AS "DisconnectTimestamp",
    l.initial_id AS "InitialContactId",
    l.method AS "InitiationMethod",
    stamp(l.initiated_at) AS "InitiationTimestamp",
    i.arn AS "InstanceARN",
    stamp(l.written_at) AS "LastUpdateTimestamp",
    CASE l.channel WHEN 'VOICE' THEN [{{'Type': 'AUDIO'}}] WHEN 'CHAT' THEN [{{'Type': 'CHAT'}}] ELSE [] END
        AS "MediaStreams",
    l.next_id AS "NextContactId",
    l.previous_id AS "PreviousContactId",
    {{
        'ARN': i.arn || '/queue/' || l.queue_id,
        'DequeueTimestamp': stamp(coalesce(l.answered_at, l.ended_at)),
        'Duration': date_diff('second', l.enqueued_at, coalesce(l.answered_at, l.ended_at)),
        'EnqueueTimestamp': stamp(l.enqueued_at),
        'Name': l.queue
    }} AS "Queue",
    if(l.answered_at IS NULL OR l.channel <> 'VOICE', NULL, {{
        'DeletionReason': NULL,
        'Location': 'connect-' || i.account || '/CallRecordings/'
            || strftime(l.initiated_at, '%Y/%m/%d/') || l.id || '.wav',
        'Status': 'AVAILABLE',
        'Type': 'AUDIO'
    }}) AS "Recording",
    if(l.answered_at IS NULL OR l.channel = 'TASK', NULL, [{{
        'DeletionReason': NULL,
        'FragmentStartNumber': NULL,
        'FragmentStopNumber': NULL,
        'Location': 'connect-' || i.account
            || if(l.channel = 'VOICE', '/CallRecordings/', '/ChatTranscripts/')
            || strftime(l.initiated_at, '%Y/%m/%d/') || l.id || if(l.channel = 'VOICE', '.wav', '.json'),
        'MediaStreamType': if(l.channel = 'VOICE', 'AUDIO', 'CHAT'),
        'ParticipantType': if(l.channel = 'VOICE', NULL, 'All'),
        'StartTimestamp': stamp(l.answered_at),
        'Status': 'AVAILABLE',
        'StopTimestamp': stamp(l.ended_at),
        'StorageType': 'S3'
    }}]) AS "Recordings",
    if(l.channel = 'TASK' AND c.email IS NOT NULL,
        [{{'Name': 'sender', 'Type': 'EMAIL', 'Value': c.email}}], [])
        AS "References",
    NULL AS "RelatedContactId",
    NULL AS "ScheduledTimestamp",
    if(l.channel = 'VOICE', {{
        'Address': '+4980' || lpad(CAST(md5_number_lower(c.entry_point) % 10000000 AS VARCHAR), 7, '0'),
        'Type': 'TELEPHONE_NUMBER'
    }}, NULL) AS "SystemEndpoint",
    NULL AS "TransferCompletedTimestamp",
    NULL AS "TransferredToEndpoint",
    NULL AS "VoiceIdResult"
FROM delivered AS l
CROSS JOIN connect_instance AS i
JOIN contacts AS c ON c.contact_id = l.first_id
LEFT JOIN connect_agent AS a ON a.telephony_id = l.agent_id
LEFT JOIN cases AS s ON s.case_id = c.case_id
ORDER BY l.written_at, l.id
"""

_CONTACT_EVENTS = """
WITH happened AS (
    SELECT l.*, unnest([
        {{'kind': 'INITIATED', 'moment': l.initiated_at}},
        {{'kind': 'CONNECTED_TO_SYSTEM',
          'moment': if(l.method IN ('OUTBOUND', 'API') OR l.channel <> 'VOICE', l.connected_at, NULL)}},
        {{'kind': 'QUEUED', 'moment': l.enqueued_at}},
        {{'kind': 'CONNECTED_TO_AGENT', 'moment': l.answered_at}},
        {{'kind': 'DISCONNECTED', 'moment': l.ended_at}}
    ], recursive := true)
    FROM connect_leg AS l
    WHERE l.initiated_at < DATE '{until}' AND l.ended_at >= DATE '{since}'
)
SELECT
    CAST(e.moment AS DATE) AS _day,
    '0' AS "version",
    uuid_of(e.id || e.kind) AS "id",
    'Amazon Connect Contact Event' AS "detail-type",
    'aws.connect' AS "source",
    i.account AS "account",
    stamp(e.moment) AS "time",
    '{region}' AS "region",
    [i.arn || '/contact/' || e.id, i.arn] AS "resources",
    filled({{
        'eventType': e.kind,
        'contactId': e.id,
        'initialContactId': e.initial_id,
        'previousContactId': e.previous_id,
        'channel': e.channel,
        'instanceArn': i.arn,
        'initiationMethod': e.method,
        'initiationTimestamp': stamp_ms(e.initiated_at),
        'connectedToSystemTimestamp': if(e.moment >= e.connected_at, stamp_ms(e.connected_at), NULL),
        'disconnectTimestamp': if(e.kind = 'DISCONNECTED', stamp_ms(e.ended_at), NULL),
        'queueInfo': if(e.moment >= e.enqueued_at, {{
            'queueArn': i.arn || '/queue/' || e.queue_id,
            'queueType': 'STANDARD',
            'enqueueTimestamp': stamp_ms(e.enqueued_at)
        }}, NULL),
        'agentInfo': if(e.moment >= e.answered_at, {{
            'agentArn': i.arn || '/agent/' || e.agent_id,
            'connectedToAgentTimestamp': stamp_ms(e.answered_at)
        }}, NULL),
        'customerVoiceActivity': if(e.method = 'OUTBOUND' AND e.moment >= e.answered_at, {{
            'greetingStartTimestamp': stamp_ms(e.answered_at + INTERVAL 1 SECOND),
            'greetingEndTimestamp': stamp_ms(e.answered_at + INTERVAL 3 SECOND)
        }}, NULL)
    }}) AS "detail"
FROM happened AS e
CROSS JOIN connect_instance AS i
WHERE e.moment >= DATE '{since}' AND e.moment < DATE '{until}'
    AND md5_number_lower(e.id || e.kind) % 1000 >= {lost}
ORDER BY e.moment, e.id, e.kind
"""

# Text is put together around ready pieces: building four kilobytes of nested objects an event takes minutes.
_SNAPSHOT = """'{{"AgentStatus":' || to_json({{
        'ARN': i.arn || '/agent-state/' || uuid_of({of}status),
        'Name': {of}status,
        'StartTimestamp': stamp_ms({of}status_since),
        'Type': if({of}status = 'Available', 'ROUTABLE', 'OFFLINE')
    }}) || ',"NextAgentStatus":null,"Configuration":' || a.configurations[if({of}state IS NULL, 1, 2)]
    || ',"Contacts":' || if({of}state IS NULL, '[]', '[' || to_json({{
        'ContactId': {of}leg.id,
        'InitialContactId': {of}leg.initial_id,
        'Channel': {of}leg.channel,
        'InitiationMethod': {of}leg.method,
        'State': {of}state,
        'StateStartTimestamp': stamp_ms({of}state_since),
        'ConnectedToAgentTimestamp': stamp_ms({of}leg.answered_at),
        'QueueTimestamp': stamp_ms({of}leg.enqueued_at),
        'Queue': {{
            'ARN': i.arn || '/queue/' || {of}leg.queue_id,
            'Name': {of}leg.queue,
            'Channels': [{of}leg.channel]
        }}
    }}) || ']') || '}}'"""

_AGENT_EVENTS = """
WITH shift AS (
    SELECT a.telephony_id AS agent_id, r.shift_start, r.shift_end
    FROM rosters AS r
    JOIN connect_agent AS a USING (agent_id)
    WHERE NOT r.is_absent AND r.shift_start BETWEEN DATE '{since}' - INTERVAL 7 DAY AND DATE '{until}'
), worked AS (
    SELECT l.*, s.shift_start AS logged_in_at,
        {{'id': id, 'initial_id': initial_id, 'channel': channel, 'method': method,
          'answered_at': answered_at, 'enqueued_at': enqueued_at,
          'queue_id': queue_id, 'queue': queue}} AS leg
    FROM (
        SELECT * FROM connect_leg WHERE answered_at BETWEEN DATE '{since}' - INTERVAL 7 DAY AND DATE '{until}'
    ) AS l
    ASOF JOIN shift AS s ON s.agent_id = l.agent_id AND s.shift_start <= l.answered_at
    WHERE l.answered_at <= s.shift_end
), present AS (
    SELECT s.agent_id, s.shift_start, greatest(s.shift_end, max(w.worked_until)) AS shift_end
    FROM shift AS s
    LEFT JOIN worked AS w ON w.agent_id = s.agent_id AND w.logged_in_at = s.shift_start
    GROUP BY s.agent_id, s.shift_start, s.shift_end
), happened AS (
    SELECT agent_id, unnest([
        {{'moment': shift_start, 'place': 0, 'kind': 'LOGIN', 'status': 'Available',
          'status_since': shift_start}},
        {{'moment': shift_end, 'place': 9, 'kind': 'LOGOUT', 'status': 'Offline',
          'status_since': shift_end}}
    ], recursive := true), NULL AS state, NULL AS leg
    FROM present
    UNION ALL BY NAME
    SELECT agent_id, leg, 'STATE_CHANGE' AS kind, 'Available' AS status, logged_in_at AS status_since,
        unnest(list_filter([
        {{'moment': answered_at, 'place': 2, 'state': 'CONNECTED'}},
        {{'moment': if(hold > 0, answered_at + to_seconds(talk // 2), NULL),
          'place': 3, 'state': 'CONNECTED_ONHOLD'}},
        {{'moment': if(hold > 0, answered_at + to_seconds(talk // 2 + hold), NULL),
          'place': 4, 'state': 'CONNECTED'}},
        {{'moment': ended_at, 'place': 5, 'state': 'ENDED'}},
        {{'moment': worked_until, 'place': 1, 'state': NULL}}
    ], lambda step: step.moment IS NOT NULL), recursive := true)
    FROM worked
), followed AS (
    SELECT *, moment AS state_since,
        lag({{'status': status, 'status_since': status_since, 'state': state, 'state_since': moment,
              'leg': leg}})
            OVER (PARTITION BY agent_id ORDER BY moment, place) AS before,
        lead(moment) OVER (PARTITION BY agent_id ORDER BY moment, place) AS next_at
    FROM happened
), agent_events AS (
    SELECT agent_id, kind, moment, place, status, status_since, state, state_since, leg,
        coalesce(before, {{'status': 'Offline', 'status_since': moment - INTERVAL 14 HOUR, 'state': NULL,
                           'state_since': NULL, 'leg': NULL}}) AS before
    FROM followed
    UNION ALL
    SELECT agent_id, 'HEART_BEAT', moment + INTERVAL 120 SECOND, 8, status, status_since, state, state_since,
        leg,
        {{'status': status, 'status_since': status_since, 'state': state, 'state_since': state_since,
          'leg': leg}}
    FROM followed
    WHERE kind <> 'LOGOUT' AND next_at > moment + INTERVAL 120 SECOND
)
SELECT
    CAST(e.moment AS DATE) AS _day,
    '{{"AWSAccountId":"' || i.account || '","AgentARN":"' || a.arn
    || '","CurrentAgentSnapshot":' || {current}
    || ',"EventId":"' || uuid_of(e.agent_id || stamp(e.moment) || e.place)
    || '","EventTimestamp":"' || stamp_ms(e.moment) || '","EventType":"' || e.kind
    || '","InstanceARN":"' || i.arn || '","PreviousAgentSnapshot":' || {previous}
    || ',"Version":"2017-10-01"}}' AS line
FROM (
    SELECT * FROM agent_events WHERE moment >= DATE '{since}' AND moment < DATE '{until}'
    ORDER BY moment, agent_id, place
) AS e
CROSS JOIN connect_instance AS i
JOIN connect_agent AS a ON a.telephony_id = e.agent_id
"""

_ANALYSED = """
CREATE OR REPLACE TEMP TABLE connect_analysed AS
SELECT
    c.contact_id, c.channel, c.started_at, c.ended_at, c.disposition,
    coalesce(p.name, 'a customer') AS customer,
    s.customer_score, s.agent_score, l.connected_at, l.duration, l.hold,
    w.agent_name
FROM (
    SELECT contact_id,
        coalesce(max(score) FILTER (party = 'customer'), 0) AS customer_score,
        coalesce(max(score) FILTER (party = 'agent'), 0) AS agent_score
    FROM sentiment GROUP BY contact_id
) AS s
JOIN contacts AS c USING (contact_id)
JOIN (
    SELECT first_id, min(answered_at) AS connected_at, arg_min(agent_id, place) AS agent_id,
        sum(hold) * 1000 AS hold,
        date_diff('second', min(answered_at), max(ended_at)) * 1000 AS duration
    FROM connect_leg WHERE answered_at IS NOT NULL GROUP BY first_id
) AS l ON l.first_id = c.contact_id
LEFT JOIN customers AS p USING (customer_id)
LEFT JOIN (SELECT telephony_id, max(name) AS agent_name FROM agents GROUP BY telephony_id) AS w
    ON w.telephony_id = l.agent_id
"""

_VERSIONS = """(VALUES
    (false, 'Analysis/{folder}/', '_analysis_'),
    (true, 'Analysis/{folder}/Redacted/', '_analysis_redacted_')
) AS v(is_redacted, folder, infix)"""

_SAID = """
CREATE OR REPLACE TEMP TABLE connect_said AS
SELECT a.contact_id, m.message_id AS key, m.sent_at AS moment, 2 AS place, m.body AS content,
    if(m.direction = 'inbound', 'CUSTOMER', 'AGENT') AS role
FROM connect_analysed AS a
JOIN messages AS m ON m.contact_id = a.contact_id
    AND m.sent_at BETWEEN a.started_at AND a.ended_at + INTERVAL 30 SECOND
UNION ALL
SELECT contact_id, contact_id || '/greeting', connected_at + INTERVAL 2 SECOND, 1,
    'Hello ' || customer, 'AGENT'
FROM connect_analysed WHERE channel = 'chat'
UNION ALL
SELECT contact_id, contact_id || '/call', connected_at, 1, '{text} call of ' || customer, 'CUSTOMER'
FROM connect_analysed AS a
WHERE channel = 'voice' AND NOT EXISTS (
    FROM messages AS m
    WHERE m.contact_id = a.contact_id
        AND m.sent_at BETWEEN a.started_at AND a.ended_at + INTERVAL 30 SECOND
)
"""

_EACH_VERSION = """\
FROM connect_analysed AS a
CROSS JOIN connect_instance AS i
JOIN transcript AS t USING (contact_id)
JOIN {versions} ON v.is_redacted = t.is_redacted
ORDER BY a.connected_at, a.contact_id, v.is_redacted
"""

_VOICE = (
    """
WITH turn AS (
    SELECT
        s.contact_id, v.is_redacted, a.customer_score, a.disposition, s.role, s.moment, s.key,
        uuid_of(s.key) AS id,
        if(v.is_redacted, replace(s.content, a.customer, '[PII]'), s.content) AS text,
        contains(s.content, a.customer) AS has_name,
        a.duration // count(*) OVER same AS share,
        (row_number() OVER (same ORDER BY s.moment, s.place, s.key) - 1) * share AS begins,
        begins + least(share, 350 * (1 + length(s.content) // 6)) AS ends
    FROM connect_said AS s
    JOIN connect_analysed AS a USING (contact_id)
    CROSS JOIN {versions}
    WHERE a.channel = 'voice' AND a.connected_at >= DATE '{since}' AND a.connected_at < DATE '{until}'
    WINDOW same AS (PARTITION BY s.contact_id, v.is_redacted)
), transcript AS (
    SELECT contact_id, is_redacted, list(filled({{
        'BeginOffsetMillis': begins,
        'Content': text,
        'EndOffsetMillis': ends,
        'Id': id,
        'ParticipantId': role,
        'Sentiment': feeling(if(role = 'CUSTOMER', customer_score, 0)),
        'LoudnessScore': [
            60 + (md5_number_lower(id || second) % 3000) / 100.0
            for second in range(1 + CAST(ends - begins AS BIGINT) // 1000)
        ],
        'Redaction': if(has_name, {{'RedactedTimestamps': [
            {{'BeginOffsetMillis': begins + (ends - begins) // 2, 'EndOffsetMillis': ends}}
        ]}}, NULL),
        'IssuesDetected': if(role = 'CUSTOMER', detected, NULL),
        'OutcomesDetected': if(disposition = 'resolved', detected, NULL),
        'ActionItemsDetected': if(disposition = 'follow_up', detected, NULL)
    }}) ORDER BY begins, moment, key) AS turns
    FROM (
        SELECT *, [{{
            'CharacterOffsets': {{'BeginOffsetChar': 0, 'EndOffsetChar': length(text)}},
            'Text': text
        }}] AS detected
        FROM turn
    )
    GROUP BY contact_id, is_redacted
)
SELECT
    'amazon_connect/' || v.folder || strftime(a.connected_at, '%Y/%m/%d/')
        || a.contact_id || v.infix || stamp(a.connected_at) || '.json',
    CAST(to_json({{
        'Version': 'VOICE-2022-11-30',
        'AccountId': i.account,
        'Channel': 'VOICE',
        'ContentMetadata': if(v.is_redacted, to_json({{
            'Output': 'Redacted',
            'RedactionTypes': ['PII'],
            'RedactionTypesMetadata': {{'PII': {{
                'RedactionEntitiesRequested': ['NAME'], 'RedactionMaskMode': 'PII'
            }}}}
        }}), to_json({{'Output': 'Raw'}})),
        'JobStatus': 'COMPLETED',
        'LanguageCode': 'en-US',
        'Participants': [
            {{'ParticipantId': 'CUSTOMER', 'ParticipantRole': 'CUSTOMER'}},
            {{'ParticipantId': 'AGENT', 'ParticipantRole': 'AGENT'}}
        ],
        'Categories': {{'MatchedCategories': CAST([] AS VARCHAR[]), 'MatchedDetails': CAST('{{}}' AS JSON)}},
        'ConversationCharacteristics': {{
            'TotalConversationDurationMillis': a.duration,
            'Sentiment': {{
                'OverallSentiment': {{'AGENT': a.agent_score, 'CUSTOMER': a.customer_score}},
                'SentimentByPeriod': {{'QUARTER': {{
                    'AGENT': [{{
                        'BeginOffsetMillis': a.duration * n // 4,
                        'EndOffsetMillis': a.duration * (n + 1) // 4,
                        'Score': a.agent_score
                    }} for n in range(4)],
                    'CUSTOMER': [{{
                        'BeginOffsetMillis': a.duration * n // 4,
                        'EndOffsetMillis': a.duration * (n + 1) // 4,
                        'Score': within_scale(a.customer_score + (n - 1.5) * 0.8)
                    }} for n in range(4)]
                }}}}
            }},
            'Interruptions': {{
                'InterruptionsByInterrupter': CAST('{{}}' AS JSON), 'TotalCount': 0, 'TotalTimeMillis': 0
            }},
            'NonTalkTime': {{
                'TotalTimeMillis': CAST(a.hold AS BIGINT),
                'Instances': if(a.hold > 0, [{{
                    'BeginOffsetMillis': a.duration // 2,
                    'DurationMillis': CAST(a.hold AS BIGINT),
                    'EndOffsetMillis': a.duration // 2 + CAST(a.hold AS BIGINT)
                }}], [])
            }},
            'TalkSpeed': {{'DetailsByParticipant': {{
                'AGENT': {{'AverageWordsPerMinute': 130 + md5_number_lower(a.contact_id) % 60}},
                'CUSTOMER': {{'AverageWordsPerMinute': 120 + md5_number_upper(a.contact_id) % 60}}
            }}}},
            'TalkTime': {{
                'TotalTimeMillis': a.duration * 9 // 20 + a.duration * 7 // 20,
                'DetailsByParticipant': {{
                    'AGENT': {{'TotalTimeMillis': a.duration * 9 // 20}},
                    'CUSTOMER': {{'TotalTimeMillis': a.duration * 7 // 20}}
                }}
            }}
        }},
        'CustomModels': CAST([] AS VARCHAR[]),
        'Transcript': t.turns
    }}) AS VARCHAR)
"""
    + _EACH_VERSION
)

_CHAT = (
    """
WITH item AS (
    SELECT contact_id, key, moment, place, 'MESSAGE' AS type, 'text/plain' AS content_type, role, content
    FROM connect_said
    UNION ALL
    SELECT contact_id, contact_id || content_type, moment, place, 'EVENT',
        'application/vnd.amazonaws.connect.event.' || content_type, role, NULL
    FROM (
        SELECT contact_id, unnest([
            {{'moment': started_at, 'place': 0, 'content_type': 'participant.joined', 'role': 'CUSTOMER'}},
            {{'moment': left_at, 'place': 8, 'content_type': 'participant.left', 'role': 'CUSTOMER'}},
            {{'moment': left_at, 'place': 9, 'content_type': 'chat.ended', 'role': NULL}}
        ], recursive := true)
        FROM (SELECT *, ended_at + INTERVAL 31 SECOND AS left_at FROM connect_analysed)
    )
), chat_items AS (
    SELECT
        s.contact_id, v.is_redacted, s.moment, s.place, s.type, s.role, s.key, uuid_of(s.key) AS id,
        if(v.is_redacted, replace(s.content, a.customer, '[PII]'), s.content) AS text,
        if(v.is_redacted, '[PII]', a.customer) AS name,
        strpos(text, name) AS name_at,
        date_diff('millisecond', lag(s.moment) OVER same, s.moment) AS gap,
        s.role = 'CUSTOMER' AND s.type = 'MESSAGE' AS is_question,
        if(s.role = 'CUSTOMER', a.customer_score, a.agent_score) AS score,
        filled({{
            'AbsoluteTime': stamp_ms(s.moment),
            'Content': text,
            'ContentType': s.content_type,
            'DisplayName': CASE s.role
                WHEN 'CUSTOMER' THEN name
                WHEN 'AGENT' THEN if(v.is_redacted, '[PII]', a.agent_name)
            END,
            'Id': id,
            'ParticipantId': uuid_of(s.contact_id || s.role),
            'ParticipantRole': s.role,
            'Redaction': if(name_at > 0, {{'CharacterOffsets': [
                {{'BeginOffsetChar': name_at - 1, 'EndOffsetChar': name_at - 1 + length(name)}}
            ]}}, NULL),
            'Type': s.type
        }}) AS item
    FROM item AS s
    JOIN connect_analysed AS a USING (contact_id)
    CROSS JOIN {versions}
    WHERE a.channel = 'chat' AND a.connected_at >= DATE '{since}' AND a.connected_at < DATE '{until}'
    WINDOW same AS (PARTITION BY s.contact_id, v.is_redacted ORDER BY s.moment, s.place, s.key)
), transcript AS (
    SELECT
        contact_id, is_redacted,
        list(item ORDER BY moment, place, key) AS items,
        list({{
            'ParticipantRole': role,
            'ProgressiveScore': score,
            'Sentiment': feeling(score),
            'TranscriptItems': [{{'Id': id}}]
        }} ORDER BY moment, place, key) FILTER (type = 'MESSAGE') AS groups,
        arg_min({{'id': id, 'text': text}}, (moment, place, key)) FILTER (role = 'AGENT') AS greeting,
        arg_min({{'id': id, 'text': text}}, (moment, place, key)) FILTER (is_question) AS issue,
        arg_max({{'id': id, 'text': text}}, (moment, place, key)) FILTER (role = 'AGENT') AS outcome,
        {{
            'AGENT': {{
                'Average': {{'ValueMillis': CAST(avg(gap) FILTER (role = 'AGENT') AS BIGINT)}},
                'Maximum': {{
                    'TranscriptItems': [{{'Id': arg_max(id, (gap, key)) FILTER (role = 'AGENT')}}],
                    'ValueMillis': max(gap) FILTER (role = 'AGENT')
                }}
            }},
            'CUSTOMER': {{
                'Average': {{'ValueMillis': CAST(avg(gap) FILTER (is_question) AS BIGINT)}},
                'Maximum': {{
                    'TranscriptItems': [{{'Id': arg_max(id, (gap, key)) FILTER (is_question)}}],
                    'ValueMillis': max(gap) FILTER (is_question)
                }}
            }}
        }} AS response
    FROM chat_items
    GROUP BY contact_id, is_redacted
)
SELECT
    'amazon_connect/' || v.folder || strftime(a.connected_at, '%Y/%m/%d/')
        || a.contact_id || v.infix || stamp(a.connected_at) || '.json',
    CAST(to_json({{
        'AccountId': i.account,
        'Categories': {{
            'MatchedCategories': ['greeting-given'],
            'MatchedDetails': {{'greeting-given': {{'PointsOfInterest': [{{'TranscriptItems': [{{
                'CharacterOffsets': {{'BeginOffsetChar': 0, 'EndOffsetChar': length(t.greeting.text)}},
                'Id': t.greeting.id
            }}]}}]}}}}
        }},
        'Channel': 'CHAT',
        'ChatTranscriptVersion': '2019-08-26',
        'ContentMetadata': if(v.is_redacted, to_json({{
            'Output': 'Redacted',
            'RedactionTypes': ['PII'],
            'RedactionTypesMetadata': {{'PII': {{'RedactionMaskMode': 'PII'}}}}
        }}), to_json({{'Output': 'Raw'}})),
        'ConversationCharacteristics': {{
            'ContactSummary': {{'SummaryItemsDetected': [{{
                'ActionItemsDetected': CAST([] AS VARCHAR[]),
                'IssuesDetected': [{{'TranscriptItems': [{{
                    'CharacterOffsets': {{'BeginOffsetChar': 0, 'EndOffsetChar': length(t.issue.text)}},
                    'Id': t.issue.id
                }}]}}],
                'OutcomesDetected': [{{'TranscriptItems': [{{
                    'CharacterOffsets': {{'BeginOffsetChar': 0, 'EndOffsetChar': length(t.outcome.text)}},
                    'Id': t.outcome.id
                }}]}}]
            }}]}},
            'ResponseTime': {{
                'AgentGreetingTimeMillis': date_diff('millisecond', a.started_at, a.connected_at) + 2000,
                'DetailsByParticipantRole': t.response
            }},
            'Sentiment': {{
                'DetailsByTranscriptItemGroup': t.groups,
                'OverallSentiment': {{
                    'DetailsByInteraction': {{
                        'DetailsByParticipantRole': {{'CUSTOMER': {{'WithAgent': a.customer_score}}}}
                    }},
                    'DetailsByParticipantRole': {{'AGENT': a.agent_score, 'CUSTOMER': a.customer_score}}
                }},
                'SentimentShift': {{
                    'DetailsByInteraction': {{'DetailsByParticipantRole': {{'CUSTOMER': {{'WithAgent': {{
                        'BeginScore': within_scale(a.customer_score - 0.6),
                        'EndScore': within_scale(a.customer_score + 0.6)
                    }}}}}}}},
                    'DetailsByParticipantRole': {{
                        'AGENT': {{'BeginScore': a.agent_score, 'EndScore': a.agent_score}},
                        'CUSTOMER': {{
                            'BeginScore': within_scale(a.customer_score - 0.6),
                            'EndScore': within_scale(a.customer_score + 0.6)
                        }},
                        'SYSTEM': {{'BeginScore': 0, 'EndScore': 0}}
                    }}
                }}
            }}
        }},
        'CustomerMetadata': {{
            'ContactId': a.contact_id,
            'InputS3Uri': 's3://connect-' || i.account || '/ChatTranscripts/'
                || strftime(a.started_at, '%Y/%m/%d/') || a.contact_id || '.json',
            'InstanceId': i.instance_id
        }},
        'JobStatus': 'COMPLETED',
        'LanguageCode': 'en-US',
        'Participants': [
            {{
                'DisplayName': if(v.is_redacted, '[PII]', a.customer),
                'ParticipantId': uuid_of(a.contact_id || 'CUSTOMER'),
                'ParticipantRole': 'CUSTOMER'
            }},
            {{
                'DisplayName': if(v.is_redacted, '[PII]', a.agent_name),
                'ParticipantId': uuid_of(a.contact_id || 'AGENT'),
                'ParticipantRole': 'AGENT'
            }}
        ],
        'Transcript': t.items,
        'Version': 'CHAT-2022-11-30'
    }}) AS VARCHAR)
"""
    + _EACH_VERSION
)

_EVALUATIONS = """
WITH asked AS (
    SELECT
        evaluation_id,
        list(to_json({{
            'questionRefId': item_id,
            'sectionRefId': kind,
            'questionType': 'SINGLESELECT',
            'questionText': question,
            'answer': {{
                'values': [
                    {{'valueText': 'Yes', 'valueRefId': 'yes', 'selected': NOT is_failed}},
                    {{'valueText': 'No', 'valueRefId': 'no', 'selected': is_failed}}
                ],
                'notes': '',
                'metadata': {{'notApplicable': false}}
            }},
            'score': {{'percentage': score * 100}}
        }}) ORDER BY kind, item_id) AS questions
    FROM evaluation_items
    GROUP BY evaluation_id
), part AS (
    SELECT evaluation_id, kind, avg(score) * 100 AS score FROM evaluation_items GROUP BY evaluation_id, kind
), sections AS (
    SELECT evaluation_id, list(to_json({{
        'sectionRefId': kind,
        'sectionTitle': kind,
        'parentSectionRefId': 'form',
        'score': {{'percentage': round(score, 1)}}
    }}) ORDER BY kind) AS parts
    FROM part
    GROUP BY evaluation_id
)
SELECT
    'amazon_connect/Evaluations/' || CASE copy.number
        WHEN 1 THEN strftime(e.submitted_at, '%Y/%m/%d/%H:%M:%S.%gZ-') || e.evaluation_id || '.json'
        ELSE 'contact_' || e.contact_id || '/evaluation_' || e.evaluation_id || '/'
            || stamp_ms(e.submitted_at) || '.json'
    END,
    CAST(to_json({{
        'schemaVersion': '3.1',
        'evaluationId': e.evaluation_id,
        'metadata': {{
            'contactId': e.contact_id,
            'accountId': i.account,
            'instanceId': i.instance_id,
            'agentId': e.agent_id,
            'evaluationDefinitionTitle': 'Quality form',
            'evaluator': e.evaluator_id,
            'evaluationDefinitionId': uuid_of(i.instance_id || 'form'),
            'evaluationDefinitionVersion': 1,
            'evaluationStartTimestamp': stamp_ms(e.started_at),
            'evaluationSubmitTimestamp': stamp_ms(e.submitted_at),
            'score': {{'percentage': e.score}}
        }},
        'sections': list_prepend(to_json({{
            'sectionRefId': 'form', 'sectionTitle': 'Form', 'notes': '', 'score': {{'percentage': e.score}}
        }}), coalesce(s.parts, [])),
        'questions': coalesce(q.questions, []) || [
            to_json({{
                'questionRefId': 'effort',
                'sectionRefId': 'form',
                'questionType': 'NUMERIC',
                'questionText': 'Effort of the customer, 1 to 10',
                'answer': {{'value': '', 'notes': '', 'metadata': {{'notApplicable': true}}}},
                'score': {{'notApplicable': true}}
            }}),
            to_json({{
                'questionRefId': 'remarks',
                'sectionRefId': 'form',
                'questionType': 'TEXT',
                'questionText': 'Remarks',
                'answer': {{'value': '{text} remark', 'notes': '', 'metadata': {{'notApplicable': false}}}},
                'score': {{'notApplicable': true}}
            }})
        ]
    }}) AS VARCHAR)
FROM evaluations AS e
CROSS JOIN connect_instance AS i
CROSS JOIN (VALUES (1), (2)) AS copy(number)
LEFT JOIN asked AS q USING (evaluation_id)
LEFT JOIN sections AS s USING (evaluation_id)
WHERE e.submitted_at IS NOT NULL
ORDER BY e.submitted_at, e.evaluation_id, copy.number
"""


def _contact_id(key: int, _start: int) -> str:
    return _uuid(f"contact/{key}")


def _uuid(key: str) -> str:
    return str(UUID(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()))


def _export(delivery: Delivery) -> None:
    run = delivery.connection.execute
    run(_MACROS)
    run(_INSTANCE.format(region=REGION, instance=delivery.instance))
    run(_AGENTS.format())
    run(_LEGS)
    for since, until in _spans(delivery):
        _export_streams(delivery, since, until)
    if not delivery.is_bulk:
        _export_analyses(delivery)
        delivery.texts("amazon_connect/Evaluations/*.json", _EVALUATIONS.format(text=CANARY_TEXT))
    run("DROP TABLE connect_leg; DROP TABLE connect_agent; DROP TABLE connect_instance")


def _spans(delivery: Delivery) -> Iterator[tuple[date, date]]:
    """First day and day after the last of each part in which the export is written."""
    first, last = delivery.connection.execute(
        "SELECT CAST(min(initiated_at) AS DATE), CAST(max(updated_at) AS DATE) + 6 FROM connect_leg"
    ).fetchall()[0]
    for since in range(first.toordinal(), last.toordinal() + 1, SPAN_DAYS) if first else ():
        yield date.fromordinal(since), date.fromordinal(since + SPAN_DAYS)


def _export_streams(delivery: Delivery, since: date, until: date) -> None:
    span = {"since": since, "until": until}
    records = _RECORDS.format(**span, repeated=REPEATED_PER_MILLE, last_day=delivery.last_day, review=REVIEW)
    delivery.daily("amazon_connect/contact-records/%Y/%m/%d/records.jsonl", records, "FORMAT json")
    if delivery.is_bulk:
        return
    contact_events = _CONTACT_EVENTS.format(**span, region=REGION, lost=LOST_PER_MILLE)
    delivery.daily("amazon_connect/contact-events/%Y/%m/%d/events.jsonl", contact_events, "FORMAT json")
    snapshots = {"current": _SNAPSHOT.format(of="e."), "previous": _SNAPSHOT.format(of="e.before.")}
    agent_events = _AGENT_EVENTS.format(**span, **snapshots)
    delivery.daily("amazon_connect/agent-events/%Y/%m/%d/events.jsonl", agent_events, LINES)


def _export_analyses(delivery: Delivery) -> None:
    run = delivery.connection.execute
    run(_ANALYSED)
    run(_SAID.format(text=CANARY_TEXT))
    for since, until in _spans(delivery):
        for folder, select in (("Voice", _VOICE), ("Chat", _CHAT)):
            analyses = select.format(since=since, until=until, versions=_VERSIONS.format(folder=folder))
            delivery.texts(f"amazon_connect/Analysis/{folder}/*.json", analyses)
    run("DROP TABLE connect_said; DROP TABLE connect_analysed")


VENDOR = Vendor(
    name="amazon_connect",
    title="Amazon Connect",
    covers=frozenset({"contacts", "legs", "sentiment", "evaluations", "evaluation_items"}),
    ids=Ids(
        contact=_contact_id,
        case=lambda key: _uuid(f"case/{key}"),
        agent=lambda index: _uuid(f"agent/{index}"),
    ),
    per_contact=frozenset({"sentiment", "evaluations", "evaluation_items"}),
    export=_export,
    files={
        "contact_records": "amazon_connect/contact-records/**/*.jsonl",
        "contact_events": "amazon_connect/contact-events/**/*.jsonl",
        "agent_events": "amazon_connect/agent-events/**/*.jsonl",
        "analyses": "amazon_connect/Analysis/**/*.json",
        "evaluations": "amazon_connect/Evaluations/**/*.json",
    },
    case_ids={"contact_records": {"contact_records": "Attributes.case_id"}},
)
"""Amazon Connect as the simulation knows it."""
