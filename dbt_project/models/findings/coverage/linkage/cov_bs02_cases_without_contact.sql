-- One row per source instance, team, reason, channel and day: cases that began by phone or chat.
with
    contact_spans as (
        select centre, is_delivered, first_date, last_date
        from {{ ref("int_source__entities") }}
        where entity = 'contacts'
    ),

    -- A case has its contact by a link, or by its customer's contact about then.
    contacted_cases as (
        select distinct case_key
        from {{ ref("int_contact__enriched") }}
        where case_key is not null
        union
        select distinct c.case_key
        from {{ ref("int_case__enriched") }} as c
        inner join
            {{ ref("int_contact__enriched") }} as k
            on c.customer_key = k.customer_key
            and k.started_at
            >= {{ dbt.dateadd("hour", "-1 * " ~ threshold_literal("case_link_hours"), "c.opened_at") }}
            and k.started_at <= {{ dbt.dateadd("hour", threshold_literal("case_link_hours"), "c.opened_at") }}
    ),

    live_channel_cases as (
        select
            {{ case_dimensions("c", "w") }},
            k.case_key is null as is_alone,
            s.is_delivered,
            s.first_date,
            s.last_date
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as w on c.source_instance = w.source_instance
        inner join contact_spans as s on c.centre = s.centre
        left join contacted_cases as k on c.case_key = k.case_key
        where
            {{ is_word("c.channel", "cases.channel", ["voice", "chat"]) }}
            and not coalesce(c.is_deleted, false)
    ),

    findings as (
        select
            v.*,
            is_alone and (not is_delivered or event_date between first_date and last_date) as is_affected,
            is_alone and is_delivered and event_date not between first_date and last_date as is_undecidable
        from live_channel_cases as v
    )

    {{ counted("findings") }}
