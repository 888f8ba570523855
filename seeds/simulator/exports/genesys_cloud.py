"""Genesys Cloud: conversation details as the query answers them, and the lookups that give their ids names.

A page holds a hundred conversations that began on one day, as a query after the last day finds them. The
hand-over from a queue to an agent ends the queue's participant with `transfer`, too; what agents passed on
stands at theirs. Evaluations carry totals only.
"""

import hashlib
from datetime import date
from uuid import UUID

from seeds.simulator.exports.kit import Delivery, Ids, Vendor

PAGE = 100
SPAN_DAYS = 10
"""Days written at once, for the sake of memory."""
TARGET_SECONDS = 20
FAILED_ALERTS_PER_MILLE = 40
"""How many of a thousand calls that waited were first offered to an agent whose phone did not ring."""

_MACROS = r"""
CREATE OR REPLACE TEMP MACRO uuid_of(key) AS CAST(CAST(md5(key) AS UUID) AS VARCHAR);
CREATE OR REPLACE TEMP MACRO stamp_ms(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ');
CREATE OR REPLACE TEMP MACRO filled(object) AS
    regexp_replace(CAST(to_json(object) AS VARCHAR), ',"[A-Za-z_]+":null', '', 'g');
CREATE OR REPLACE TEMP MACRO joined(object, other) AS object[:-2] || ',' || other[2:];
CREATE OR REPLACE TEMP MACRO participant(who, session, metrics, line) AS
    joined(filled(who), '{"sessions":['
        || joined(joined(filled(session), '{"metrics":[' || metrics || ']}'), line) || ']}');
CREATE OR REPLACE TEMP MACRO metric(name, value, moment) AS
    '{"name":"' || name || '","value":' || CAST(value AS BIGINT)
        || ',"emitDate":"' || stamp_ms(moment) || '"}';
CREATE OR REPLACE TEMP MACRO milliseconds(since, until) AS date_diff('millisecond', since, until);
"""

_PAGES = """
WITH note AS (
    SELECT contact_id, max_by(body, note_id) AS note
    FROM notes
    WHERE contact_id IN (
        SELECT contact_id FROM contacts WHERE started_at >= DATE '{since}' AND started_at < DATE '{until}'
    )
    GROUP BY contact_id
), conversation AS (
    SELECT
        c.*,
        CASE
            WHEN c.direction = 'outbound' THEN 'callback'
            WHEN c.channel = 'web' THEN 'message'
            ELSE c.channel
        END AS media,
        media IN ('voice', 'callback') AS is_call,
        p.name AS customer,
        n.note,
        uuid_of(c.contact_id || '/customer') AS customer_session,
        filled({{
            'direction': c.direction,
            'ani': CASE WHEN NOT is_call THEN NULL WHEN c.ani LIKE '+%' THEN 'tel:' || c.ani
                ELSE 'sip:anonymous@anonymous.invalid' END,
            'dnis': if(is_call, 'tel:+498000000', NULL),
            'sessionDnis': if(is_call, 'tel:+498000000', NULL),
            'remote': c.email,
            'edgeId': if(is_call, uuid_of('edge'), NULL),
            'roomId': if(media = 'chat', 'acd-' || c.contact_id || '@conference.genesys.example', NULL),
            'outboundCampaignId': if(media = 'callback', uuid_of('campaign'), NULL),
            'outboundContactId': if(media = 'callback', md5(c.contact_id), NULL),
            'outboundContactListId': if(media = 'callback', uuid_of('contact list'), NULL),
            'callbackUserName': if(media = 'callback', coalesce(p.name, 'customer'), NULL),
            'callbackNumbers': if(media = 'callback', [c.ani], NULL),
            'callbackScheduledTime': if(media = 'callback', stamp_ms(c.started_at), NULL),
            'scriptId': if(media = 'callback', uuid_of('script'), NULL),
            'skipEnabled': if(media = 'callback', true, NULL),
            'timeoutSeconds': if(media = 'callback', 0, NULL)
        }}) AS line
    FROM contacts AS c
    LEFT JOIN customers AS p USING (customer_id)
    LEFT JOIN note AS n USING (contact_id)
    WHERE c.started_at >= DATE '{since}' AND c.started_at < DATE '{until}'
), person AS (
    SELECT telephony_id, max_by(name, valid_from) AS name, max_by(team_id, valid_from) AS team_id
    FROM agents
    GROUP BY telephony_id
), leg AS (
    SELECT
        c.contact_id, c.media, c.is_call, c.line, c.note, c.disposition, c.customer_session, l.*,
        q.queue, a.name AS agent, a.team_id AS agent_team,
        l.leg_seq = c.n_legs AS is_last,
        c.contact_id || '/' || l.leg_seq AS key,
        if(c.is_call, false, NULL) AS conference,
        milliseconds(l.enqueued_at, coalesce(l.answered_at, l.ended_at)) AS wait,
        l.ended_at + to_seconds(CAST(l.wrap_up_seconds AS BIGINT)) AS worked_until,
        CAST(l.talk_seconds * 1000 / (l.n_holds + 1) AS BIGINT) AS talk_part,
        CAST(l.hold_seconds * 1000 / greatest(l.n_holds, 1) AS BIGINT) AS hold_part,
        CASE
            WHEN l.transfer_type = 'blind' THEN 'transfer'
            WHEN l.transfer_type = 'consult' THEN 'consultTransfer'
            WHEN c.ended_by = 'agent' THEN 'client'
            ELSE 'peer'
        END AS parting,
        c.is_call AND l.answered_at IS NOT NULL AND wait > 6000
            AND md5_number_lower(key) % 1000 < {failed} AS has_failed
    FROM conversation AS c
    JOIN legs AS l USING (contact_id)
    LEFT JOIN queues AS q ON q.queue_id = l.queue_id AND q.valid_to IS NULL
    LEFT JOIN person AS a ON a.telephony_id = l.agent_id
), handled AS (
    SELECT contact_id, string_agg(concat_ws(',',
        participant({{
            'participantId': uuid_of(key || '/acd'),
            'participantName': queue,
            'purpose': 'acd'
        }}, {{
            'mediaType': media,
            'sessionId': uuid_of(key || '/acd/session'),
            'peerId': customer_session,
            'requestedRoutings': ['Standard'],
            'usedRouting': 'Standard',
            'flowInType': if(media = 'voice' AND leg_seq = 1, 'ivr', NULL),
            'selectedAgentId': agent_id,
            'segments': [{{
                'segmentStart': stamp_ms(enqueued_at),
                'segmentEnd': stamp_ms(coalesce(answered_at, ended_at)),
                'queueId': queue_id,
                'disconnectType': if(answered_at IS NULL, 'peer', 'transfer'),
                'segmentType': 'interact',
                'sipResponseCodes': if(has_failed, [410], NULL),
                'conference': conference
            }}]
        }}, concat_ws(',',
            metric('nOffered', 1, enqueued_at),
            metric('tWait', wait, coalesce(answered_at, ended_at)),
            metric('tAcd', if(answered_at IS NULL, NULL, wait), answered_at),
            metric('tAbandon', if(answered_at IS NULL, wait, NULL), ended_at),
            metric('nOverSla', if(wait > {target} * 1000, 1, NULL), coalesce(answered_at, ended_at))
        ), line),
        if(has_failed, participant({{
            'participantId': uuid_of(key || '/failed'),
            'userId': agent_id,
            'purpose': 'agent'
        }}, {{
            'mediaType': media,
            'sessionId': uuid_of(key || '/failed/session'),
            'segments': [{{
                'segmentStart': stamp_ms(answered_at - INTERVAL 6 SECOND),
                'segmentEnd': stamp_ms(answered_at - INTERVAL 6 SECOND),
                'queueId': queue_id,
                'errorCode': 'error.ininedgecontrol.connection.protocol',
                'segmentType': 'alert',
                'conference': conference
            }}]
        }}, metric('nError', 1, answered_at - INTERVAL 6 SECOND), line), NULL),
        if(answered_at IS NULL, NULL, participant({{
            'participantId': uuid_of(key || '/agent'),
            'participantName': agent,
            'userId': agent_id,
            'teamId': agent_team,
            'purpose': 'agent'
        }}, {{
            'mediaType': media,
            'sessionId': uuid_of(key || '/agent/session'),
            'peerId': uuid_of(key || '/acd/session'),
            'usedRouting': 'Standard',
            'acwSkipped': wrap_up_seconds = 0,
            'recording': is_call,
            'destinationAddresses': if(is_last, NULL, [lead_queue]),
            'segments': [{{
                'segmentStart': stamp_ms(alerted_at),
                'segmentEnd': stamp_ms(answered_at),
                'queueId': queue_id,
                'disconnectType': NULL,
                'wrapUpCode': NULL,
                'wrapUpNote': NULL,
                'segmentType': 'alert',
                'conference': conference
            }}] || [{{
                'segmentStart': stamp_ms(
                    answered_at + to_milliseconds((n + 1) // 2 * talk_part + n // 2 * hold_part)),
                'segmentEnd': stamp_ms(if(n = 2 * n_holds, ended_at,
                    answered_at + to_milliseconds((n + 2) // 2 * talk_part + (n + 1) // 2 * hold_part))),
                'queueId': queue_id,
                'disconnectType': if(n = 2 * n_holds, parting, NULL),
                'wrapUpCode': NULL,
                'wrapUpNote': NULL,
                'segmentType': if(n % 2 = 0, 'interact', 'hold'),
                'conference': conference
            }} for n in range(2 * n_holds + 1)] || [{{
                'segmentStart': stamp_ms(ended_at),
                'segmentEnd': stamp_ms(worked_until),
                'queueId': queue_id,
                'disconnectType': parting,
                'wrapUpCode': if(has_last_word AND disposition IS NOT NULL,
                    uuid_of('wrap-up/' || disposition), 'ININ-WRAP-UP-TIMEOUT'),
                'wrapUpNote': if(has_last_word, coalesce(note, ''), ''),
                'segmentType': 'wrapup',
                'conference': conference
            }}]
        }}, concat_ws(',',
            metric('tAlert', milliseconds(alerted_at, answered_at), answered_at),
            metric('tAnswered', wait, answered_at),
            metric('tTalk', talk_seconds * 1000, ended_at),
            metric('tTalkComplete', talk_seconds * 1000, ended_at),
            metric('tHeld', if(n_holds > 0, hold_seconds * 1000, NULL), ended_at),
            metric('tHeldComplete', if(n_holds > 0, hold_seconds * 1000, NULL), ended_at),
            metric('tAcw', wrap_up_seconds * 1000, worked_until),
            metric('tHandle', (talk_seconds + hold_seconds + wrap_up_seconds) * 1000, worked_until),
            metric('nTransferred', if(transfer_type <> 'none', 1, NULL), ended_at),
            metric('nBlindTransferred', if(transfer_type = 'blind', 1, NULL), ended_at),
            metric('nConsult', if(transfer_type = 'consult', 1, NULL), ended_at),
            metric('nConsultTransferred', if(transfer_type = 'consult', 1, NULL), ended_at)
        ), line))
    ), ',' ORDER BY leg_seq) AS participants
    FROM (
        SELECT *,
            lead(queue) OVER (PARTITION BY contact_id ORDER BY leg_seq) AS lead_queue,
            leg_seq = max(leg_seq) FILTER (WHERE answered_at IS NOT NULL) OVER (PARTITION BY contact_id)
                AS has_last_word,
            greatest(enqueued_at, answered_at - INTERVAL 3 SECOND) AS alerted_at
        FROM leg
    )
    GROUP BY contact_id
), came AS (
    SELECT contact_id, min(enqueued_at) AS enqueued_at, max_by(queue_id, leg_seq) AS queue_id,
        max_by(agent_id, leg_seq) AS agent_id
    FROM leg
    GROUP BY contact_id
), judged AS (
    SELECT e.contact_id, list({{
        'evaluationId': e.evaluation_id,
        'formId': uuid_of('form'),
        'formName': 'Quality form',
        'contextId': uuid_of('form context'),
        'evaluatorId': e.evaluator_id,
        'userId': e.agent_id,
        'queueId': k.queue_id,
        'eventTime': stamp_ms(e.submitted_at),
        'evaluationStatus': if(e.status = 'submitted', 'Finished', 'InProgress'),
        'released': e.status = 'submitted',
        'rescored': false,
        'deleted': false,
        'oTotalScore': e.score,
        'oTotalCriticalScore': e.score
    }} ORDER BY e.submitted_at, e.evaluation_id) AS evaluations
    FROM evaluations AS e
    JOIN came AS k USING (contact_id)
    GROUP BY e.contact_id
), asked AS (
    SELECT s.contact_id, list({{
        'surveyId': s.response_id,
        'surveyFormId': uuid_of('survey/' || s.kind),
        'surveyFormContextId': uuid_of('survey context/' || s.kind),
        'surveyFormName': s.kind,
        'surveyStatus': if(s.answered_at IS NULL, 'Sent', 'Finished'),
        'surveyPartialResponse': false,
        'eventTime': stamp_ms(s.sent_at),
        'surveyCompletedDate': stamp_ms(s.answered_at),
        'oSurveyTotalScore': if(s.kind = 'csat', s.value * 20, NULL),
        'surveyPromoterScore': if(s.kind = 'nps', CAST(s.value AS BIGINT), NULL),
        'queueId': k.queue_id,
        'userId': k.agent_id
    }} ORDER BY s.sent_at, s.response_id) AS surveys
    FROM surveys AS s
    JOIN came AS k USING (contact_id)
    GROUP BY s.contact_id
), conversation_pages AS (
    SELECT
        c.started_at, c.contact_id,
        CAST(c.started_at AS DATE) AS day,
        (row_number() OVER (PARTITION BY day ORDER BY c.started_at, c.contact_id) - 1) // {page} + 1 AS page,
        count(*) OVER (PARTITION BY day) AS n_hits,
        joined(filled({{
            'conversationId': c.contact_id,
            'conversationStart': stamp_ms(c.started_at),
            'conversationEnd': stamp_ms(c.ended_at),
            'originatingDirection': c.direction,
            'mediaStatsMinConversationMos':
                if(c.is_call, (4200 + md5_number_lower(c.contact_id) % 700) / 1000.0, NULL),
            'divisionIds': [uuid_of('home division')],
            'evaluations': j.evaluations,
            'surveys': s.surveys
        }}), '{{"participants":[' || concat_ws(',',
            participant({{
                'participantId': uuid_of(c.contact_id || '/customer/participant'),
                'participantName': c.customer,
                'purpose': 'customer',
                'attributes': {{
                    'entry_point': c.entry_point,
                    'ivr_path': c.ivr_path,
                    'reason': c.reason_entry,
                    'reason_close': c.reason_close,
                    'case_id': c.case_id,
                    'customer_id': c.customer_id
                }}
            }}, {{
                'mediaType': c.media,
                'sessionId': c.customer_session,
                'segments': [{{
                    'segmentStart': stamp_ms(c.started_at),
                    'segmentEnd': stamp_ms(c.ended_at),
                    'disconnectType': if(c.ended_by = 'customer', 'client', 'peer'),
                    'segmentType': 'interact',
                    'properties': if(c.media = 'chat', [{{
                        'propertyType': 'uuid',
                        'property': 'recordingId',
                        'value': uuid_of(c.contact_id || '/recording')
                    }}], NULL),
                    'conference': if(c.is_call, false, NULL)
                }}]
            }}, '', c.line),
            if(c.media <> 'voice', NULL, participant({{
                'participantId': uuid_of(c.contact_id || '/ivr'),
                'participantName': 'Main menu',
                'purpose': 'ivr'
            }}, {{
                'mediaType': c.media,
                'sessionId': uuid_of(c.contact_id || '/ivr/session'),
                'peerId': c.customer_session,
                'flowOutType': 'acd',
                'segments': [
                    {{
                        'segmentStart': stamp_ms(c.started_at),
                        'segmentEnd': stamp_ms(c.started_at),
                        'disconnectType': NULL,
                        'segmentType': 'system',
                        'conference': false
                    }},
                    {{
                        'segmentStart': stamp_ms(c.started_at),
                        'segmentEnd': stamp_ms(k.enqueued_at),
                        'disconnectType': 'transfer',
                        'segmentType': 'ivr',
                        'conference': false
                    }}
                ]
            }}, metric('tIvr', milliseconds(c.started_at, k.enqueued_at), k.enqueued_at), c.line)),
            h.participants
        ) || ']}}') AS content
    FROM conversation AS c
    JOIN handled AS h USING (contact_id)
    JOIN came AS k USING (contact_id)
    LEFT JOIN judged AS j USING (contact_id)
    LEFT JOIN asked AS s USING (contact_id)
)
SELECT
    'genesys_cloud/conversations/' || day || '/page-' || lpad(CAST(page AS VARCHAR), 3, '0') || '.json',
    '{{"conversations":[' || string_agg(content, ',' ORDER BY started_at, contact_id)
        || '],"totalHits":' || n_hits || '}}'
FROM conversation_pages
GROUP BY day, page, n_hits
ORDER BY day, page
"""

_LOOKUPS = """
WITH entity AS (
    SELECT 'queues' AS kind, queue_id AS id, max_by(queue, valid_from) AS name, NULL AS email
    FROM queues GROUP BY queue_id
    UNION ALL
    SELECT 'users', telephony_id, max_by(name, valid_from), max_by(email, valid_from)
    FROM agents GROUP BY telephony_id
    UNION ALL
    SELECT DISTINCT 'wrapupcodes', uuid_of('wrap-up/' || disposition), disposition, NULL
    FROM contacts WHERE disposition IS NOT NULL
)
SELECT
    'genesys_cloud/lookups/' || kind || '.json',
    filled({
        'entities': list({'id': id, 'name': name, 'email': email} ORDER BY id),
        'pageSize': count(*), 'pageNumber': 1, 'total': count(*), 'pageCount': 1
    })
FROM entity
GROUP BY kind
ORDER BY kind
"""


def _uuid(key: str) -> str:
    return str(UUID(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()))


def _contact_id(key: int, _start: int) -> str:
    return _uuid(f"conversation/{key}")


def _export(delivery: Delivery) -> None:
    run = delivery.connection.execute
    run(_MACROS)
    first, last = run(
        "SELECT CAST(min(started_at) AS DATE), CAST(max(started_at) AS DATE) FROM contacts"
    ).fetchall()[0]
    for since in range(first.toordinal(), last.toordinal() + 1, SPAN_DAYS) if first else ():
        pages = _PAGES.format(
            since=date.fromordinal(since),
            until=date.fromordinal(since + SPAN_DAYS),
            page=PAGE,
            target=TARGET_SECONDS,
            failed=FAILED_ALERTS_PER_MILLE,
        )
        delivery.texts("genesys_cloud/conversations/%Y-%m-%d/page-*.json", pages)
    delivery.texts("genesys_cloud/lookups/*.json", _LOOKUPS)


VENDOR = Vendor(
    name="genesys_cloud",
    title="Genesys Cloud",
    covers=frozenset({"contacts", "legs", "evaluations", "surveys"}),
    ids=Ids(
        contact=_contact_id,
        case=lambda key: _uuid(f"case/{key}"),
        agent=lambda index: _uuid(f"user/{index}"),
    ),
    export=_export,
    files={
        "conversations": "genesys_cloud/conversations/**/*.json",
        "queues": "genesys_cloud/lookups/queues.json",
        "users": "genesys_cloud/lookups/users.json",
        "wrap_up_codes": "genesys_cloud/lookups/wrapupcodes.json",
    },
    case_ids={"conversations": {"participants": "participant.attributes.case_id"}},
)
"""Genesys Cloud as the simulation knows it."""
