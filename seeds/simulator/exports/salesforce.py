"""Salesforce data export: one CSV per object and day, 18-character ids, UTC times with milliseconds.

Two habits of the export matter to whoever reads it. A change of a case's owner stands in CaseHistory twice,
once with names and once with ids; and a queue owns a case until an agent takes it, so a hand-over between
teams is an owner change from a user to a queue and on to the next user.
"""

from seeds.simulator.exports.kit import Delivery, Ids, Vendor

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_INSTANCE = "7Q"
_DIGITS = 9
_QUOTED = "FORMAT csv, HEADER, FORCE_QUOTE *"


def record_id(prefix: str, number: int) -> str:
    """An 18-character id: key prefix of the object, instance, number in base 62, checksum."""
    digits = ""
    for _ in range(_DIGITS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return with_checksum(f"{prefix}{_INSTANCE}0{digits}")


def with_checksum(identity: str) -> str:
    """A 15-character id made safe where case does not count: one more character for each five of it."""
    chunks = (identity[start : start + 5] for start in range(0, len(identity), 5))
    return identity + "".join(
        _CHECKSUM[sum(char.isupper() << place for place, char in enumerate(chunk))] for chunk in chunks
    )


def _macros() -> str:
    """The same ids in SQL: `sf_id(prefix, number)`, and `sf_hash(text)` for what has no number of its own."""

    def digit(place: int) -> str:
        return f"(n // {len(_ALPHABET) ** place} % {len(_ALPHABET)})"

    def char(place: int) -> str:
        return f"substr('{_ALPHABET}', {digit(place)} + 1, 1)"

    def checksum(places: list[int], first_bit: int) -> str:
        bits = (
            f"CASE WHEN {digit(place)} BETWEEN 10 AND 35 THEN {1 << bit} ELSE 0 END"
            for bit, place in enumerate(places, first_bit)
        )
        return f"substr('{_CHECKSUM}', 1 + {' + '.join(bits)}, 1)"

    high, low = [8, 7, 6, 5], [4, 3, 2, 1, 0]
    body = " || ".join(char(place) for place in high + low)
    head = f"prefix || '{_INSTANCE}'"
    heads = " + ".join(
        f"CASE WHEN substr({head}, {place + 1}, 1) BETWEEN 'A' AND 'Z' THEN {1 << place} ELSE 0 END"
        for place in range(5)
    )
    return f"""
        CREATE OR REPLACE TEMP MACRO sf_id(prefix, n) AS
            prefix || '{_INSTANCE}0' || {body}
            || substr('{_CHECKSUM}', 1 + {heads}, 1) || {checksum(high, 1)} || {checksum(low, 0)};
        CREATE OR REPLACE TEMP MACRO sf_hash(key) AS
            CAST(md5_number_lower(key) % {len(_ALPHABET) ** _DIGITS} AS BIGINT);
        CREATE OR REPLACE TEMP MACRO sf_time(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%S.000Z');
        CREATE OR REPLACE TEMP MACRO sf_queue(team) AS sf_id('00G', sf_hash(team));
        CREATE OR REPLACE TEMP MACRO sf_status(status) AS CASE status
            WHEN 'new' THEN 'New' WHEN 'open' THEN 'Working' WHEN 'pending' THEN 'Waiting on Customer'
            WHEN 'on_hold' THEN 'On Hold' WHEN 'resolved' THEN 'Resolved' WHEN 'closed' THEN 'Closed' END;
        CREATE OR REPLACE TEMP MACRO sf_priority(priority) AS CASE priority
            WHEN 'urgent' THEN 'Critical' WHEN 'high' THEN 'High' WHEN 'normal' THEN 'Medium'
                WHEN 'low' THEN 'Low'
            END;
        CREATE OR REPLACE TEMP MACRO sf_origin(channel) AS CASE channel
            WHEN 'voice' THEN 'Phone' WHEN 'email' THEN 'Email' WHEN 'web' THEN 'Web'
                WHEN 'chat' THEN 'Chat' END;
    """


_AUTOMATED = record_id("005", 0)
"""The user that stands for the system itself."""
_HOURS = record_id("01m", 1)


def _stamps(created: str, modified: str, by: str = f"'{_AUTOMATED}'") -> str:
    """The fields that say who made and last changed a record, and when."""
    return (
        f'sf_time({created}) AS "CreatedDate", {by} AS "CreatedById", '
        f'sf_time({modified}) AS "LastModifiedDate", {by} AS "LastModifiedById", '
        f'sf_time({modified}) AS "SystemModstamp"'
    )


_BY = f"coalesce(a.crm_user_id, '{_AUTOMATED}')"
_AUTHOR = f"coalesce(author_id, '{_AUTOMATED}')"
_OWNERS = f"""
    CREATE OR REPLACE TEMP TABLE sf_owners AS
    WITH started AS (
        SELECT
            c.case_id, c.opened_at,
            coalesce(min_by(h.old_value, h.change_seq) FILTER (h.field = 'group'), c.group_id) AS team_id
        FROM cases AS c LEFT JOIN case_changes AS h ON h.case_id = c.case_id AND h.field = 'group'
        GROUP BY c.case_id, c.opened_at, c.group_id
    ),
    steps AS (
        SELECT
            case_id, opened_at AS moment, 0 AS step, NULL AS by_id, NULL AS recorded,
            sf_queue(team_id) AS owner,
            team_id
        FROM started WHERE team_id IS NOT NULL
        UNION ALL
        SELECT
            case_id, changed_at, change_seq, changed_by,
            CASE field WHEN 'group' THEN sf_queue(old_value) ELSE old_value END,
            CASE field WHEN 'group' THEN sf_queue(new_value) ELSE new_value END,
            CASE field WHEN 'group' THEN new_value END
        FROM case_changes WHERE field IN ('group', 'owner') AND new_value IS NOT NULL
    ),
    ordered AS (
        SELECT *, lag(owner) OVER (PARTITION BY case_id ORDER BY moment, step) AS last_owner FROM steps
    ),
    chained AS (
        SELECT *, CASE
            WHEN substr(recorded, 1, 3) = substr(last_owner, 1, 3) THEN recorded ELSE last_owner END AS former
        FROM ordered
    )
    SELECT
        s.case_id, s.moment, s.step, s.by_id, s.owner, coalesce(s.former, '{_AUTOMATED}') AS former,
        CASE
            WHEN s.former IS NULL THEN 'ownerAssignment'
            WHEN e.case_id IS NOT NULL THEN 'ownerEscalated'
            WHEN s.former LIKE '00G%' AND s.owner LIKE '005%' THEN 'ownerAccepted'
            ELSE 'Owner'
        END AS field
    FROM chained AS s
    LEFT JOIN (SELECT DISTINCT case_id, to_team_id, accepted_at FROM escalations) AS e
        ON e.case_id = s.case_id AND e.to_team_id = s.team_id AND e.accepted_at = s.moment
    WHERE s.owner IS DISTINCT FROM s.former
"""

_CUSTOMERS = """
    CREATE OR REPLACE TEMP TABLE sf_customers AS
    SELECT
        *, sf_id('001', sf_hash(customer_id)) AS account, sf_id('003', sf_hash(customer_id)) AS contact,
        sf_id('001', sf_hash(merged_into)) AS master_account, sf_id('003',
        sf_hash(merged_into)) AS master_contact
    FROM customers
"""

_PEOPLE = f"""
    CREATE OR REPLACE TEMP TABLE sf_people AS
    SELECT crm_user_id AS id, arg_max(name, valid_from) AS name
    FROM agents WHERE crm_user_id IS NOT NULL GROUP BY crm_user_id
    UNION ALL SELECT sf_queue(team_id), arg_max(team, valid_from) FROM teams GROUP BY team_id
    UNION ALL SELECT '{_AUTOMATED}', 'Automated Process'
"""

_CASES = f"""
    WITH moves AS (
        SELECT case_id, 'opened' AS field, NULL AS value, opened_at AS moment, -1 AS step FROM cases
        UNION ALL
        SELECT case_id, field, new_value, changed_at, change_seq FROM case_changes
        UNION ALL
        SELECT case_id, 'queue or user', owner, moment, step FROM sf_owners
        UNION ALL
        SELECT case_id, 'escalated', 'yes', requested_at, 0 FROM escalations WHERE case_id IS NOT NULL
        UNION ALL
        SELECT case_id, 'removed', 'yes', removed_at, 0 FROM cases WHERE removed_at IS NOT NULL
    ),
    days AS (
        SELECT
            case_id, CAST(moment AS DATE) AS day, max(moment) AS moved_at,
            max_by(value, (moment, step)) FILTER (field = 'status') AS status,
            max_by(value, (moment, step)) FILTER (field = 'priority') AS priority,
            max_by(value, (moment, step)) FILTER (field = 'queue or user') AS owner,
            max(value) FILTER (field = 'escalated') AS escalated
        FROM moves GROUP BY case_id, CAST(moment AS DATE)
    ),
    versions AS (
        SELECT
            case_id, day, moved_at,
            coalesce(last_value(status IGNORE NULLS) OVER until_then, 'new') AS status,
            last_value(priority IGNORE NULLS) OVER until_then AS priority,
            last_value(owner IGNORE NULLS) OVER until_then AS owner,
            last_value(escalated IGNORE NULLS) OVER until_then IS NOT NULL AS is_escalated
        FROM days WINDOW until_then AS (PARTITION BY case_id ORDER BY day)
    )
    SELECT
        c.case_id AS "Id", coalesce(c.removed_at < v.day + 1, false) AS "IsDeleted",
        CASE WHEN c.removed_at < v.day + 1 THEN c.merged_into END AS "MasterRecordId",
        lpad(CAST(c.case_key + 1001 AS VARCHAR), 8, '0') AS "CaseNumber",
        p.contact AS "ContactId", p.account AS "AccountId", NULL AS "AssetId",
        NULL AS "EntitlementId", '{_HOURS}' AS "BusinessHoursId", c.parent_case_id AS "ParentId",
        CASE WHEN c.channel IN ('email', 'web') THEN p.name END AS "SuppliedName",
        CASE WHEN c.channel IN ('email', 'web') THEN p.emails[1] END AS "SuppliedEmail",
        NULL AS "SuppliedPhone", NULL AS "SuppliedCompany", 'Question' AS "Type",
        sf_status(v.status) AS "Status", c.reason AS "Reason", sf_origin(c.channel) AS "Origin",
        c.subject AS "Subject", sf_priority(coalesce(v.priority, c.priority)) AS "Priority",
        left(c.description, 32000) AS "Description",
        v.status = 'closed' AS "IsClosed",
        sf_time(CASE WHEN c.closed_at < v.day + 1 THEN c.closed_at END) AS "ClosedDate",
        v.is_escalated AS "IsEscalated",
        coalesce(v.owner, '{_AUTOMATED}') AS "OwnerId",
        false AS "IsClosedOnCreate",
        sf_time(c.opened_at) AS "SlaStartDate",
        sf_time(CASE WHEN c.resolved_at < v.day + 1 THEN c.resolved_at END) AS "SlaExitDate",
        v.status IN ('pending', 'on_hold') AS "IsStopped",
        CASE WHEN v.status IN ('pending', 'on_hold') THEN sf_time(v.moved_at) END AS "StopStartDate",
        CASE
            WHEN c.resolved_at < v.day + 1 IS NOT TRUE THEN NULL
            WHEN c.is_sla_met THEN 'Compliant'
            WHEN NOT c.is_sla_met THEN 'Closed Violation'
        END AS "MilestoneStatus",
        {_stamps("c.opened_at", "v.moved_at")},
        p.phones[1] AS "ContactPhone", p.phones[2] AS "ContactMobile", p.emails[1] AS "ContactEmail",
        c.product AS "Product__c",
        CASE WHEN c.resolved_at < v.day + 1 THEN c.resolution_code END AS "Resolution_Code__c",
        v.day + 1 AS _day
    FROM (
        SELECT v, c, p
        FROM versions AS v
        JOIN cases AS c ON c.case_id = v.case_id
        LEFT JOIN sf_customers AS p ON p.customer_id = c.customer_id
        ORDER BY v.day, v.moved_at, c.case_key
    )
"""

_HISTORY = f"""
    WITH entries AS (
        SELECT case_id, opened_at AS moment, -1 AS step, NULL AS by_id, 'created' AS field,
            NULL AS old_value, NULL AS new_value, 'Text' AS kind, 0 AS row_of_change
        FROM cases
        UNION ALL
        SELECT
            case_id, changed_at, change_seq, changed_by,
            CASE field WHEN 'status' THEN 'Status' ELSE 'Priority' END,
            CASE field WHEN 'status' THEN sf_status(old_value) ELSE sf_priority(old_value) END,
            CASE field WHEN 'status' THEN sf_status(new_value) ELSE sf_priority(new_value) END,
            'DynamicEnum', 0
        FROM case_changes WHERE field IN ('status', 'priority') AND old_value IS NOT NULL
        UNION ALL
        SELECT s.case_id, s.moment, s.step, s.by_id, s.field, old.name, new.name, 'Text', 0
        FROM sf_owners AS s
        LEFT JOIN sf_people AS old ON old.id = s.former
        LEFT JOIN sf_people AS new ON new.id = s.owner
        UNION ALL
        SELECT case_id, moment, step, by_id, field, former, owner, 'EntityId', 1 FROM sf_owners
    ),
    numbered AS (
        SELECT *, row_number() OVER (ORDER BY moment, case_id, step, row_of_change) AS n FROM entries
    )
    SELECT
        sf_id('017', n) AS "Id", false AS "IsDeleted", case_id AS "CaseId",
        coalesce(by_id, '{_AUTOMATED}') AS "CreatedById", sf_time(moment) AS "CreatedDate",
        field AS "Field", kind AS "DataType", left(old_value, 255) AS "OldValue",
        left(new_value, 255) AS "NewValue",
        CAST(moment AS DATE) + 1 AS _day
    FROM numbered ORDER BY n
"""

_CALLS = f"""
    WITH handled AS (
        SELECT contact_id, arg_max(agent_id, leg_seq) AS agent_id, min(answered_at) AS answered_at
        FROM legs WHERE answered_at IS NOT NULL GROUP BY contact_id
    )
    SELECT
        sf_id('00T', k.contact_key + 1) AS "Id", false AS "IsDeleted",
        p.contact AS "WhoId", k.case_id AS "WhatId",
        p.account AS "AccountId",
        'Call ' || strftime(h.answered_at, '%Y-%m-%d %H:%M') AS "Subject",
        strftime(h.answered_at, '%Y-%m-%d') AS "ActivityDate", 'Completed' AS "Status",
        'Normal' AS "Priority",
        {_BY} AS "OwnerId", NULL AS "Description", 'Call' AS "Type",
        'Call' AS "TaskSubtype", true AS "IsClosed", false AS "IsArchived",
        date_diff('second', h.answered_at, k.ended_at) AS "CallDurationInSeconds",
        CASE k.direction WHEN 'outbound' THEN 'Outbound' ELSE 'Inbound' END AS "CallType",
        k.disposition AS "CallDisposition", k.contact_id AS "CallObject",
        {_stamps("h.answered_at", "k.ended_at", _BY)}, sf_time(k.ended_at) AS "CompletedDateTime",
        CAST(k.ended_at AS DATE) + 1 AS _day
    FROM contacts AS k
    JOIN handled AS h ON h.contact_id = k.contact_id
    LEFT JOIN sf_customers AS p ON p.customer_id = k.customer_id
    LEFT JOIN (SELECT DISTINCT telephony_id, crm_user_id FROM agents) AS a ON a.telephony_id = h.agent_id
    WHERE k.channel = 'voice'
    ORDER BY k.ended_at, k.contact_key
"""

_EMAILS = f"""
    WITH written AS (
        SELECT
            m.*, m.direction = 'inbound' AS is_inbound, c.subject, p.name, p.emails[1] AS address,
            a.name AS agent, row_number() OVER (ORDER BY m.sent_at, m.message_id) AS n
        FROM messages AS m
        LEFT JOIN contacts AS k ON k.contact_id = m.contact_id
        LEFT JOIN cases AS c ON c.case_id = m.case_id
        LEFT JOIN sf_customers AS p ON p.customer_id = coalesce(c.customer_id, k.customer_id)
        LEFT JOIN sf_people AS a ON a.id = m.author_id
        WHERE k.channel IS DISTINCT FROM 'chat'
    )
    SELECT
        sf_id('02s', n) AS "Id", false AS "IsDeleted", case_id AS "ParentId", NULL AS "ActivityId",
        case_id AS "RelatedToId", subject AS "Subject", body AS "TextBody", NULL AS "HtmlBody",
        NULL AS "Headers",
        CASE WHEN is_inbound THEN name ELSE agent END AS "FromName",
        CASE WHEN is_inbound THEN address ELSE 'support@{{instance}}.example' END AS "FromAddress",
        CASE WHEN is_inbound THEN 'support@{{instance}}.example' ELSE address END AS "ToAddress",
        NULL AS "CcAddress", NULL AS "BccAddress", is_inbound AS "Incoming", false AS "HasAttachment",
        CASE WHEN is_inbound THEN '1' ELSE '3' END AS "Status", sf_time(sent_at) AS "MessageDate",
        true AS "IsExternallyVisible", '<' || message_id || '@{{instance}}.example>' AS "MessageIdentifier",
        contact_id AS "ThreadIdentifier", NULL AS "ReplyToEmailMessageId", false AS "IsClientManaged",
        coalesce(author_id, '{_AUTOMATED}') AS "CreatedById", sf_time(sent_at) AS "CreatedDate",
        coalesce(author_id, '{_AUTOMATED}') AS "LastModifiedById", sf_time(sent_at) AS "LastModifiedDate",
        sf_time(sent_at) AS "SystemModstamp",
        CAST(sent_at AS DATE) + 1 AS _day
    FROM written ORDER BY n
"""

_CHATS = f"""
    WITH spoken AS (
        SELECT
            k.contact_key, m.contact_id, max(m.case_id) AS case_id, max(m.author_id) AS author_id,
            count(*) FILTER (m.direction = 'inbound') AS n_inbound,
            count(*) FILTER (m.direction = 'outbound') AS n_outbound,
            string_agg(
                '( ' || date_diff('second', k.started_at, m.sent_at) || 's ) '
                || coalesce(a.name, p.name, 'Visitor') || ': ' || m.body || '<br>',
                '' ORDER BY m.sent_at, m.message_id
            ) AS body
        FROM messages AS m
        JOIN contacts AS k ON k.contact_id = m.contact_id AND k.channel = 'chat'
        LEFT JOIN sf_customers AS p ON p.customer_id = k.customer_id
        LEFT JOIN sf_people AS a ON a.id = m.author_id
        GROUP BY k.contact_key, m.contact_id
    ),
    answered AS (SELECT contact_id, min(answered_at) AS answered_at FROM legs GROUP BY contact_id)
    SELECT
        sf_id('570', s.contact_key + 1) AS "Id", false AS "IsDeleted",
        lpad(CAST(s.contact_key + 1 AS VARCHAR), 8, '0') AS "Name",
        sf_id('5Ll', s.contact_key + 1) AS "LiveChatVisitorId", s.case_id AS "CaseId",
        p.contact AS "ContactId",
        p.account AS "AccountId",
        coalesce(s.author_id, '{_AUTOMATED}') AS "OwnerId", k.contact_id AS "ChatKey",
        '<p align="center">Chat Started: ' || strftime(k.started_at, '%A, %B %d, %Y, %H:%M:%S')
            || ' (+0000)</p>'
            || s.body AS "Body",
        sf_time(k.started_at) AS "RequestTime", sf_time(w.answered_at) AS "StartTime",
        sf_time(k.ended_at) AS "EndTime",
        date_diff('second', k.started_at, coalesce(w.answered_at, k.ended_at)) AS "WaitTime",
        date_diff('second', w.answered_at, k.ended_at) AS "ChatDuration",
        CASE WHEN k.is_abandoned THEN 'Missed' ELSE 'Completed' END AS "Status",
        CASE WHEN k.is_abandoned THEN date_diff('second', k.started_at, k.ended_at) END AS "Abandoned",
        CASE k.ended_by WHEN 'agent' THEN 'Agent' ELSE 'Visitor' END AS "EndedBy",
        s.n_inbound AS "VisitorMessageCount", s.n_outbound AS "OperatorMessageCount",
        '{_AUTOMATED}' AS "CreatedById", sf_time(k.started_at) AS "CreatedDate",
        '{_AUTOMATED}' AS "LastModifiedById", sf_time(k.ended_at) AS "LastModifiedDate",
        sf_time(k.ended_at) AS "SystemModstamp",
        CAST(k.ended_at AS DATE) + 1 AS _day
    FROM spoken AS s
    JOIN contacts AS k ON k.contact_id = s.contact_id
    LEFT JOIN answered AS w ON w.contact_id = k.contact_id
    LEFT JOIN sf_customers AS p ON p.customer_id = k.customer_id
    ORDER BY k.ended_at, s.contact_key
"""

_MILESTONES = f"""
    WITH clocks AS (
        SELECT
            case_id, policy_id, metric,
            min(event_at) FILTER (event = 'start') AS started_at,
            max(event_at) FILTER (event = 'met') AS met_at,
            min(event_at) FILTER (event = 'breached') AS breached_at,
            max(event_at) AS last_at,
            sum(epoch(event_at)) FILTER (event = 'resume') AS resumes,
            sum(epoch(event_at)) FILTER (event = 'pause') AS pauses,
            count(*) FILTER (event = 'pause') = count(*) FILTER (event = 'resume') AS is_running
        FROM sla_events GROUP BY case_id, policy_id, metric
    ),
    targets AS (
        SELECT
            k.*, c.resolved_at, c.priority, p.target_seconds, p.clock,
            CASE WHEN k.is_running THEN CAST(k.resumes - k.pauses AS BIGINT) END AS stopped_seconds,
            coalesce(
                k.met_at, CASE
                    WHEN k.breached_at IS NOT NULL AND k.metric = 'resolution' THEN c.resolved_at END
            ) AS completed_at,
            row_number() OVER (ORDER BY k.started_at, k.case_id, k.metric) AS n
        FROM clocks AS k
        JOIN cases AS c ON c.case_id = k.case_id
        LEFT JOIN sla_policies AS p
            ON p.policy_id = k.policy_id AND p.metric = k.metric AND p.priority = c.priority
            AND p.valid_from <= k.started_at AND coalesce(p.valid_to > k.started_at, true)
    )
    SELECT
        sf_id('555', n) AS "Id", false AS "IsDeleted", case_id AS "CaseId",
        sf_id('557', sf_hash(policy_id || metric)) AS "MilestoneTypeId",
        CASE clock WHEN 'business' THEN '{_HOURS}' END AS "BusinessHoursId",
        sf_time(started_at) AS "StartDate",
        sf_time(CASE
            WHEN breached_at IS NOT NULL THEN breached_at
            WHEN clock = 'calendar' THEN started_at + to_seconds(target_seconds + coalesce(stopped_seconds,
            0))
        END) AS "TargetDate",
        sf_time(completed_at) AS "CompletionDate",
        target_seconds // 60 AS "TargetResponseInMins",
        round(target_seconds / 3600, 2) AS "TargetResponseInHrs",
        round(target_seconds / 86400, 2) AS "TargetResponseInDays",
        date_diff('second', started_at, completed_at) // 60 AS "ElapsedTimeInMins",
        round(date_diff('second', started_at, completed_at) / 3600, 2) AS "ElapsedTimeInHrs",
        round(date_diff('second', started_at, completed_at) / 86400, 2) AS "ElapsedTimeInDays",
        stopped_seconds // 60 AS "StoppedTimeInMins",
        NULL AS "TimeRemainingInMins",
        CASE WHEN breached_at IS NOT NULL AND completed_at IS NOT NULL THEN
            date_diff('second', breached_at, completed_at) // 60 || ':'
            || lpad(CAST(date_diff('second', breached_at, completed_at) % 60 AS VARCHAR), 2, '0')
        END AS "TimeSinceTargetInMins",
        completed_at IS NOT NULL AS "IsCompleted", breached_at IS NOT NULL AS "IsViolated",
        {_stamps("started_at", "greatest(last_at, completed_at)")},
        CAST(greatest(last_at, completed_at) AS DATE) + 1 AS _day
    FROM targets ORDER BY n
"""

_MILESTONE_TYPES = f"""
    SELECT
        sf_id('557', sf_hash(policy_id || metric)) AS "Id", replace(metric, '_', ' ') AS "Name",
        policy_id AS "Description", 'OnlyOnce' AS "RecurrenceType",
        {_stamps("min(valid_from)", "max(valid_from)")}
    FROM sla_policies GROUP BY policy_id, metric ORDER BY policy_id, metric
"""

_USERS = f"""
    WITH people AS (
        SELECT
            crm_user_id, arg_max(a, valid_from) AS a,
            min(valid_from) AS hired_at, max(valid_from) AS changed_at
        FROM agents AS a WHERE crm_user_id IS NOT NULL GROUP BY crm_user_id
    )
    SELECT
        crm_user_id AS "Id", a.email AS "Username", split_part(a.name, ' ', -1) AS "LastName",
        split_part(a.name, ' ', 1) AS "FirstName", a.name AS "Name", left(a.agent_id, 8) AS "Alias",
        a.agent_id AS "CommunityNickname", a.email AS "Email", a.valid_to IS NULL AS "IsActive",
        'Standard' AS "UserType", a.role AS "Title", t.team AS "Department", a.agent_id AS "EmployeeNumber",
        a.telephony_id AS "Extension", sf_id('00e', 1) AS "ProfileId",
        sf_id('00E', sf_hash(coalesce(a.team_id, ''))) AS "UserRoleId",
        coalesce(t.zone, 'GMT') AS "TimeZoneSidKey",
        'en_GB' AS "LocaleSidKey", 'en_US' AS "LanguageLocaleKey", 'UTF-8' AS "EmailEncodingKey",
        {_stamps("hired_at", "changed_at")}
    FROM people
    LEFT JOIN (SELECT team_id, arg_max(team, valid_from) AS team, arg_max(zone, valid_from) AS zone
        FROM teams GROUP BY team_id) AS t ON t.team_id = a.team_id
    UNION ALL
    SELECT
        '{_AUTOMATED}', 'autoproc@{{instance}}.example', 'Process', 'Automated', 'Automated Process',
        'autoproc',
        'autoproc', 'autoproc@{{instance}}.example', true, 'AutomatedProcess', NULL, NULL, NULL, NULL,
        sf_id('00e', 2), NULL, 'GMT', 'en_GB', 'en_US', 'UTF-8', sf_time(min(hired_at)), '{_AUTOMATED}',
        sf_time(min(hired_at)), '{_AUTOMATED}', sf_time(min(hired_at))
    FROM people
    ORDER BY "Id"
"""

_GROUPS = f"""
    SELECT
        sf_queue(team_id) AS "Id", arg_max(team, valid_from) AS "Name",
        team_id AS "DeveloperName",
        NULL AS "RelatedId", 'Queue' AS "Type",
        lower(replace(team_id, '_', '')) || '@{{instance}}.example' AS "Email",
        '{_AUTOMATED}' AS "OwnerId", false AS "DoesSendEmailToMembers", false AS "DoesIncludeBosses",
        {_stamps("min(valid_from)", "max(valid_from)")}
    FROM teams GROUP BY team_id ORDER BY team_id
"""

_MEMBERS = """
    SELECT
        sf_id('011', row_number() OVER (ORDER BY team_id, crm_user_id)) AS "Id",
        sf_queue(team_id) AS "GroupId",
        crm_user_id AS "UserOrGroupId", sf_time(max(valid_from)) AS "SystemModstamp"
    FROM agents WHERE valid_to IS NULL AND team_id IS NOT NULL AND crm_user_id IS NOT NULL
    GROUP BY team_id, crm_user_id ORDER BY team_id, crm_user_id
"""

_BUSINESS_HOURS = f"""
    WITH first AS (
        SELECT * FROM calendars
        WHERE calendar_id = coalesce(
            (SELECT min(calendar_id) FROM sla_policies), (SELECT min(calendar_id) FROM calendars)
        )
    )
    SELECT
        '{_HOURS}' AS "Id", min(calendar_id) AS "Name", true AS "IsActive", true AS "IsDefault",
        min(time_zone) AS "TimeZoneSidKey",
        {
    ", ".join(
        f'max({column}) FILTER (weekday = {number}) AS "{day}{edge}Time"'
        for number, day in enumerate(
            ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), 1
        )
        for edge, column in (("Start", "opens_at"), ("End", "closes_at"))
    )
}
    FROM first HAVING count(*) > 0
"""

_ACCOUNTS = f"""
    SELECT
        account AS "Id", merged_into IS NOT NULL AS "IsDeleted",
        master_account AS "MasterRecordId", name AS "Name",
        CASE WHEN is_internal THEN 'Internal' ELSE 'Customer' END AS "Type", NULL AS "ParentId",
        customer_id AS "AccountNumber", phones[1] AS "Phone", NULL AS "Fax", region AS "BillingCountry",
        '{_AUTOMATED}' AS "OwnerId", segment AS "Segment__c", tier AS "Tier__c", time_zone AS "Time_Zone__c",
        {_stamps("created_at", "created_at")}
    FROM sf_customers ORDER BY customer_id
"""

_CONTACTS = f"""
    SELECT
        contact AS "Id", merged_into IS NOT NULL AS "IsDeleted",
        master_contact AS "MasterRecordId",
        account AS "AccountId", split_part(name, ' ', -1) AS "LastName",
        split_part(name, ' ', 1) AS "FirstName", name AS "Name", region AS "MailingCountry",
        phones[1] AS "Phone", phones[2] AS "MobilePhone", phones[3] AS "HomePhone", phones[4] AS "OtherPhone",
        emails[1] AS "Email", emails[2] AS "Secondary_Email__c", '{_AUTOMATED}' AS "OwnerId",
        {_stamps("created_at", "created_at")}
    FROM sf_customers ORDER BY customer_id
"""

_ARTICLES = f"""
    WITH numbered AS (
        SELECT *, CAST(nullif(regexp_extract(version, '\\d+'), '') AS INTEGER) AS number FROM articles
    )
    SELECT
        sf_id('ka0', sf_hash(article_id || coalesce(version, ''))) AS "Id", false AS "IsDeleted",
        sf_id('kA0', sf_hash(article_id)) AS "KnowledgeArticleId", article_id AS "ArticleNumber",
        number AS "VersionNumber",
        CASE status
            WHEN 'published' THEN 'Online' WHEN 'archived' THEN 'Archived' ELSE 'Draft'
        END AS "PublishStatus",
        number = max(number) OVER (PARTITION BY article_id) AS "IsLatestVersion", language AS "Language",
        title AS "Title", left(body, 1000) AS "Summary", lower(article_id) || '-v' || number AS "UrlName",
        body AS "Body__c", reason AS "Reason__c", product AS "Product__c", review_due_on AS "Review_Due__c",
        superseded_by AS "Superseded_By__c",
        sf_time(min(published_at) OVER (PARTITION BY article_id)) AS "FirstPublishedDate",
        sf_time(published_at) AS "LastPublishedDate", '{_AUTOMATED}' AS "OwnerId",
        {_stamps("published_at", "published_at")}
    FROM numbered ORDER BY article_id, number
"""

_ARTICLE_LINKS = f"""
    SELECT
        sf_id('4ie', row_number() OVER (ORDER BY u.used_at, u.usage_id)) AS "Id", false AS "IsDeleted",
        u.case_id AS "CaseId", sf_id('kA0', sf_hash(u.article_id)) AS "KnowledgeArticleId",
        CAST(nullif(regexp_extract(u.version, '\\d+'), '') AS INTEGER) AS "ArticleVersionNumber",
        'en' AS "ArticleLanguage", 0 AS "IsSharedByEmail",
        {_BY} AS "CreatedById", sf_time(u.used_at) AS "CreatedDate",
        sf_time(u.used_at) AS "SystemModstamp", CAST(u.used_at AS DATE) + 1 AS _day
    FROM usage AS u
    LEFT JOIN (SELECT DISTINCT telephony_id, crm_user_id FROM agents) AS a ON a.telephony_id = u.agent_id
    WHERE u.kind = 'link' AND u.case_id IS NOT NULL
    ORDER BY u.used_at, u.usage_id
"""

DAILY = {
    "Case": _CASES,
    "CaseHistory": _HISTORY,
    "Task": _CALLS,
    "EmailMessage": _EMAILS,
    "LiveChatTranscript": _CHATS,
    "CaseMilestone": _MILESTONES,
    "CaseArticle": _ARTICLE_LINKS,
}
"""Objects of which the file of a day brings what was made or changed the day before, as it then stood."""
WHOLE = {
    "User": _USERS,
    "Group": _GROUPS,
    "GroupMember": _MEMBERS,
    "BusinessHours": _BUSINESS_HOURS,
    "MilestoneType": _MILESTONE_TYPES,
    "Account": _ACCOUNTS,
    "Contact": _CONTACTS,
    "Knowledge__kav": _ARTICLES,
}
"""Objects delivered as they stand at the end."""


def _export(delivery: Delivery) -> None:
    for prepare in (_macros(), _OWNERS, _CUSTOMERS, _PEOPLE):
        delivery.connection.execute(prepare)
    host = delivery.instance.replace("_", "-")
    daily, whole = (
        {name: select.replace("{instance}", host) for name, select in tables.items()}
        for tables in (DAILY, WHOLE)
    )
    delivery.tables("salesforce", daily, whole, _QUOTED)


VENDOR = Vendor(
    name="salesforce",
    title="Salesforce Service Cloud",
    covers=frozenset({"cases", "case_changes", "messages", "customers", "articles"}),
    ids=Ids(
        contact=lambda key, _: record_id("00T", key + 1),
        case=lambda key: record_id("500", key + 1),
        agent=lambda index: record_id("005", index + 1),
    ),
    export=_export,
    files={name.lower(): f"salesforce/*/{name}.csv" for name in DAILY}
    | {name.lower(): f"salesforce/{name}.csv" for name in WHOLE},
    id_as_landed="left({}, 15)",
)
"""Salesforce Service Cloud."""
