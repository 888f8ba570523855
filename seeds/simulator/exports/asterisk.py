"""Asterisk: the queue log and the call detail records, one file a day each.

A PBX knows calls only: chats, mail and forms of the centre come as plain feeds. Calls to customers stand in
the call detail records alone, because they pass no queue; the dialplan notes in the userfield for which queue
an agent calls. The menu answers every incoming call, so the call detail record of an abandoned one says
ANSWERED, too. Hold and after-call work are unknown.
"""

from seeds.simulator.exports.kit import Delivery, Ids, Vendor

FIRST_EXTENSION = 1001
MISSED_PER_MILLE = 30
"""How many of a thousand calls that waited rang an agent in vain before."""
TEXTS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "disposition", "amaflags", "uniqueid", "userfield"),
)
"""Columns of the call detail records that stand in quotes."""

_CALLS = """
CREATE OR REPLACE TEMP TABLE asterisk_call AS
SELECT
    l.contact_id, l.leg_seq, l.queue_id, l.agent_id, l.enqueued_at, l.answered_at, l.ended_at,
    l.transfer_type, c.direction, c.started_at, c.ended_by, c.customer_id, c.ani,
    coalesce(l.answered_at, l.ended_at) AS left_at,
    date_diff('second', l.enqueued_at, left_at) AS wait,
    date_diff('second', l.answered_at, l.ended_at) AS talk,
    l.leg_seq = c.n_legs AS is_last,
    CAST(7000 + dense_rank() OVER (ORDER BY l.queue_id) AS VARCHAR) AS extension,
    md5(l.contact_id || '/' || l.leg_seq) AS luck,
    concat_ws(';',
        'entry=' || c.entry_point, 'ivr=' || c.ivr_path, 'reason=' || c.reason_entry, 'case=' || c.case_id,
        'customer=' || c.customer_id, if(c.direction = 'outbound', 'queue=' || l.queue_id, NULL),
        if(is_last, concat_ws(';', 'close=' || c.reason_close, 'disposition=' || c.disposition), NULL)
    ) AS userfield
FROM legs AS l
JOIN contacts AS c USING (contact_id)
WHERE c.channel = 'voice'
"""

_QUEUE_LOG = """
WITH move AS (
    SELECT contact_id, leg_seq, queue_id, unnest([
        {{'moment': enqueued_at, 'change': 1}}, {{'moment': left_at, 'change': -1}}
    ], recursive := true)
    FROM asterisk_call
    WHERE direction = 'inbound'
), counted AS (
    SELECT *, sum(change) OVER (
        PARTITION BY queue_id ORDER BY moment, change DESC, contact_id, leg_seq ROWS UNBOUNDED PRECEDING
    ) AS n_waiting
    FROM move
), call AS (
    SELECT
        l.*,
        CAST(came.n_waiting AS BIGINT) AS origposition,
        least(origposition, CAST(gone.n_waiting AS BIGINT) + 1) AS position,
        lead(l.extension) OVER (PARTITION BY l.contact_id ORDER BY l.leg_seq) AS next_extension,
        least(wait, 1 + md5_number_lower(luck) % 6) AS ring
    FROM asterisk_call AS l
    JOIN counted AS came ON came.change = 1 AND came.contact_id = l.contact_id AND came.leg_seq = l.leg_seq
    JOIN counted AS gone ON gone.change = -1 AND gone.contact_id = l.contact_id AND gone.leg_seq = l.leg_seq
), line AS (
    SELECT contact_id AS callid, queue_id AS queue, unnest(list_filter([
        {{'moment': enqueued_at, 'place': 1, 'member': 'NONE', 'event': 'ENTERQUEUE',
          'parameters': concat('|', ani, '|', origposition)}},
        {{'moment': if(answered_at IS NOT NULL AND wait > 24 AND md5_number_upper(luck) % 1000 < {missed},
            answered_at - INTERVAL 8 SECOND, NULL), 'place': 2, 'member': agent_id, 'event': 'RINGNOANSWER',
          'parameters': '15000'}},
        {{'moment': answered_at, 'place': 3, 'member': agent_id, 'event': 'CONNECT',
          'parameters': concat_ws('|', wait, concat(epoch(answered_at - to_seconds(ring))::BIGINT, '.',
            md5_number_lower(luck) % 10000000), ring)}},
        {{'moment': if(answered_at IS NULL, ended_at, NULL), 'place': 4, 'member': 'NONE', 'event': 'ABANDON',
          'parameters': concat_ws('|', position, origposition, wait)}},
        {{'moment': if(answered_at IS NOT NULL, ended_at, NULL), 'place': 0, 'member': agent_id,
          'event': CASE
            WHEN transfer_type = 'blind' THEN 'BLINDTRANSFER'
            WHEN transfer_type = 'consult' THEN 'ATTENDEDTRANSFER'
            WHEN ended_by = 'agent' THEN 'COMPLETEAGENT'
            ELSE 'COMPLETECALLER'
          END,
          'parameters': concat_ws('|', CASE transfer_type
            WHEN 'blind' THEN concat_ws('|', next_extension, 'queues')
            WHEN 'consult' THEN 'APP|Queue'
          END, wait, talk, origposition)}}
    ], lambda one: one.moment IS NOT NULL), recursive := true)
    FROM call
    UNION ALL BY NAME
    SELECT 'REALTIME' AS callid, q.queue_id AS queue, a.telephony_id AS member, '' AS parameters, unnest([
        {{'moment': r.shift_start, 'place': 0, 'event': 'ADDMEMBER'}},
        {{'moment': r.shift_end, 'place': 6, 'event': 'REMOVEMEMBER'}}
    ], recursive := true)
    FROM rosters AS r
    JOIN agents AS a ON a.agent_id = r.agent_id AND a.valid_to IS NULL
    JOIN queues AS q ON q.team_id = a.team_id AND q.channel = 'voice' AND q.valid_to IS NULL
    WHERE NOT r.is_absent AND a.telephony_id IN (SELECT agent_id FROM asterisk_call)
    UNION ALL BY NAME
    SELECT 'NONE' AS callid, 'NONE' AS queue, 'NONE' AS member, '' AS parameters, 0 AS place,
        if(day = first_day, 'QUEUESTART', 'CONFIGRELOAD') AS event, day AS moment
    FROM (
        SELECT CAST(min(enqueued_at) AS DATE) AS first_day,
            unnest(generate_series(date_trunc('day', min(enqueued_at)), max(ended_at), INTERVAL 1 DAY)) AS day
        FROM asterisk_call
    )
)
SELECT
    CAST(moment AS DATE) AS _day,
    concat_ws('|', epoch(moment)::BIGINT, callid, queue, member, event, parameters) AS line
FROM line
ORDER BY moment, place, callid, queue, member
"""

_RECORDS = """
SELECT
    CAST(l.ended_at AS DATE) AS _day,
    '' AS accountcode,
    if(is_out, split_part(l.agent_id, '/', 2), l.ani) AS src,
    if(is_out, coalesce(nullif(l.ani, 'anonymous'), p.phones[1], l.ani), l.extension) AS dst,
    CASE WHEN is_out THEN 'from-internal' WHEN l.leg_seq > 1 THEN 'queues' ELSE 'from-trunk' END AS dcontext,
    CASE
        WHEN is_out THEN '"Service" <+498000000>'
        WHEN l.ani = 'anonymous' THEN '"Anonymous" <anonymous>'
        ELSE '"' || coalesce(p.name, l.ani) || '" <' || l.ani || '>'
    END AS clid,
    if(is_out, member, trunk) AS channel,
    if(is_out, trunk, member) AS dstchannel,
    if(is_out, 'Dial', 'Queue') AS lastapp,
    if(is_out, 'PJSIP/' || dst || '@trunk,60', l.queue_id || ',t,,,') AS lastdata,
    strftime(l.begun_at, '%Y-%m-%d %H:%M:%S') AS "start",
    strftime(l.taken_at, '%Y-%m-%d %H:%M:%S') AS answer,
    strftime(l.ended_at, '%Y-%m-%d %H:%M:%S') AS "end",
    date_diff('second', l.begun_at, l.ended_at) AS duration,
    coalesce(date_diff('second', l.taken_at, l.ended_at), 0) AS billsec,
    if(l.taken_at IS NULL, 'NO ANSWER', 'ANSWERED') AS disposition,
    'DOCUMENTATION' AS amaflags,
    l.contact_id AS uniqueid,
    l.userfield
FROM (
    SELECT *,
        direction = 'outbound' AS is_out,
        if(leg_seq = 1, started_at, enqueued_at) AS begun_at,
        if(is_out, answered_at, begun_at) AS taken_at,
        'PJSIP/trunk-' || md5(contact_id)[1:8] AS trunk,
        coalesce(agent_id || '-' || luck[1:8], '') AS member
    FROM asterisk_call
) AS l
LEFT JOIN customers AS p USING (customer_id)
ORDER BY l.ended_at, l.contact_id, l.leg_seq
"""


def _export(delivery: Delivery) -> None:
    run = delivery.connection.execute
    run(_CALLS)
    delivery.daily(
        "asterisk/queue_log.%Y%m%d",
        _QUEUE_LOG.format(missed=MISSED_PER_MILLE),
        "FORMAT csv, HEADER false, QUOTE '', DELIMITER '\t'",
    )
    quoted = ", ".join(f'"{name}"' for name in TEXTS)
    delivery.daily(
        "asterisk/cdr-csv/Master.%Y%m%d.csv", _RECORDS, f"FORMAT csv, HEADER false, FORCE_QUOTE ({quoted})"
    )
    run("DROP TABLE asterisk_call")


VENDOR = Vendor(
    name="asterisk",
    title="Asterisk",
    covers=frozenset({"contacts", "legs"}),
    channels=frozenset({"voice"}),
    ids=Ids(
        contact=lambda key, start: f"{start}.{key}",
        case=lambda key: f"{key:08d}",
        agent=lambda index: f"PJSIP/{FIRST_EXTENSION + index}",
    ),
    export=_export,
    files={"queue_log": "asterisk/queue_log.*", "call_records": "asterisk/cdr-csv/Master.*.csv"},
    case_ids={"call_records": {"call_records": "regexp_extract(userfield, '(^|;)case=([^;]*)', 2)"}},
)
"""Asterisk as the simulation knows it."""
