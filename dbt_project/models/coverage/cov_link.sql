-- One row per blind spot of group link, source instance, team, reason, channel and day: how many
-- contacts and cases lack their counterpart, and how many callers cannot be told apart.
with
    contacts as (
        select
            c.*,
            coalesce(c.first_team_id, '(unknown)') as team,
            coalesce(c.reason, '(unknown)') as known_reason
        from {{ ref("int_contact__outcomes") }} as c
    ),

    case_spans as (
        select
            centre,
            bool_or(is_delivered) as is_delivered,
            min(first_date) as first_date,
            max(last_date) as last_date
        from {{ ref("int_source__entities") }}
        where entity in ('cases', 'case_snapshots')
        group by centre
    ),

    -- BS01: a conversation long enough to matter ought to have left a case.
    conversations as (
        select
            c.centre,
            c.source_instance,
            c.team,
            c.known_reason as reason,
            coalesce(c.channel, '(unknown)') as channel,
            c.started_date as day,
            not c.is_case_linked as is_unlinked,
            c.is_answered and c.talk_seconds >= {{ threshold("handled_talk_seconds") }} as is_handled,
            not s.is_delivered or c.started_date between s.first_date and s.last_date as is_in_span
        from contacts as c
        inner join case_spans as s on c.centre = s.centre
        where
            coalesce(c.is_customer_initiated, true)
            and coalesce(c.is_answered, true)
            and coalesce(c.talk_seconds >= {{ threshold("handled_talk_seconds") }}, true)
    ),

    bs01 as (
        select
            v.*,
            is_unlinked and is_handled and is_in_span as is_affected,
            is_unlinked and (is_handled is null or not is_in_span) as is_undecidable
        from conversations as v
    ),

    -- BS02: a case that began by phone or chat ought to have a contact about then.
    contact_spans as (
        select centre, is_delivered, first_date, last_date
        from {{ ref("int_source__entities") }}
        where entity = 'contacts'
    ),

    contacted as (
        select distinct case_source_instance as source_instance, case_id
        from contacts
        where case_id is not null
        union
        select distinct c.source_instance, c.case_id
        from {{ ref("int_case__outcomes") }} as c
        inner join
            contacts as k
            on c.centre = k.centre
            and c.customer_id = k.customer_id
            and k.started_at >= {{ dbt.dateadd("hour", "-1 * " ~ var("case_link_hours"), "c.opened_at") }}
            and k.started_at <= {{ dbt.dateadd("hour", var("case_link_hours"), "c.opened_at") }}
    ),

    spoken_cases as (
        select
            c.centre,
            c.source_instance,
            coalesce(c.group_id, '(unknown)') as team,
            coalesce(c.reason, '(unknown)') as reason,
            c.channel,
            cast({{ local_time("c.opened_at", "w.time_zone") }} as date) as day,
            k.case_id is null as is_alone,
            s.is_delivered,
            s.first_date,
            s.last_date
        from {{ ref("int_case__outcomes") }} as c
        inner join {{ ref("int_source__spans") }} as w on c.source_instance = w.source_instance
        inner join contact_spans as s on c.centre = s.centre
        left join contacted as k on c.source_instance = k.source_instance and c.case_id = k.case_id
        where
            {{ is_word("c.channel", "cases.channel", ["voice", "chat"]) }}
            and not coalesce(c.is_deleted, false)
    ),

    bs02 as (
        select
            v.*,
            is_alone and (not is_delivered or day between first_date and last_date) as is_affected,
            is_alone and is_delivered and day not between first_date and last_date as is_undecidable
        from spoken_cases as v
    ),

    -- BS40: a number that is withheld, unreadable or shared by many names nobody.
    bs40 as (
        select
            c.centre,
            c.source_instance,
            c.team,
            c.known_reason as reason,
            c.channel,
            c.started_date as day,
            coalesce(c.ani_status, 'withheld') not in ('valid', 'possible')
            or coalesce(
                c.n_customers_of_number > {{ threshold("shared_number_customers") }}, false
            ) as is_affected,
            false as is_undecidable
        from contacts as c
        where
            {{ is_word("c.channel", "contacts.channel", ["voice"]) }}
            and coalesce(c.is_customer_initiated, true)
    ),

    -- BS41: what was said of a customer who may be several is not known to be one person's.
    plural_customers as (
        select centre, customer_id
        from {{ ref("int_journey__shared_accounts") }}
        union
        select centre, customer_id
        from {{ ref("int_identity__merges") }}
        where merged_at is null and method is distinct from 'other_id'
    ),

    identified as (
        select
            c.centre,
            c.source_instance,
            c.team,
            c.known_reason as reason,
            c.channel,
            c.started_date as day,
            coalesce(c.is_ambiguous, false) or p.customer_id is not null as is_affected,
            -- Whose number it is, and how many people's, only the CRM's records could tell.
            c.customer_id is null and not e.is_delivered as is_undecidable
        from contacts as c
        inner join {{ ref("int_source__entities") }} as e on c.centre = e.centre and e.entity = 'customers'
        left join plural_customers as p on c.centre = p.centre and c.customer_id = p.customer_id
        where c.customer_id is not null or c.ani is not null or c.email is not null
    ),

    bs41 as (
        select *
        from identified
        union all
        select
            c.centre,
            c.source_instance,
            coalesce(c.group_id, '(unknown)'),
            coalesce(c.reason, '(unknown)'),
            coalesce(c.channel, '(unknown)'),
            cast({{ local_time("c.opened_at", "w.time_zone") }} as date),
            p.customer_id is not null,
            false
        from {{ ref("int_case__outcomes") }} as c
        inner join {{ ref("int_source__spans") }} as w on c.source_instance = w.source_instance
        left join plural_customers as p on c.centre = p.centre and c.customer_id = p.customer_id
        where c.customer_id is not null and not coalesce(c.is_deleted, false)
    )

    {{ measured("BS01", "bs01") }}
union all
{{ measured("BS02", "bs02") }}
union all
{{ measured("BS40", "bs40") }}
union all
{{ measured("BS41", "bs41") }}
