-- One row per source instance, team, reason, channel and day: conversations that were long enough to leave
-- a case.
with
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

    conversations as (
        select
            {{ contact_dimensions("c") }},
            not c.is_case_linked as is_unlinked,
            c.is_answered and c.talk_seconds >= {{ threshold("handled_talk_seconds") }} as is_handled,
            not s.is_delivered or c.started_date between s.first_date and s.last_date as is_in_span
        from {{ ref("int_contact__enriched") }} as c
        inner join case_spans as s on c.centre = s.centre
        where
            coalesce(c.is_customer_initiated, true)
            and coalesce(c.is_answered, true)
            and coalesce(c.talk_seconds >= {{ threshold("handled_talk_seconds") }}, true)
    ),

    findings as (
        select
            v.*,
            is_unlinked and is_handled and is_in_span as is_affected,
            is_unlinked and (is_handled is null or not is_in_span) as is_undecidable
        from conversations as v
    )

    {{ counted("findings") }}
