-- One row per resolved case: what it took until its first resolution.
-- Contacts and states that are not delivered are not known.
with
    cases as (
        select case_key, centre, first_resolved_at, is_history_whole
        from {{ ref("int_case__enriched") }}
        where first_resolved_at is not null
    ),

    centres as (
        select
            centre,
            bool_or(entity = 'contacts' and is_delivered) as has_contacts,
            bool_or(entity = 'messages' and is_delivered) as has_messages
        from {{ ref("int_source__entities") }}
        group by centre
    ),

    waits as (
        select
            c.case_key,
            {{ any_known(is_word("i.value", "cases.status", ["pending", "on_hold"])) }} as has_waited
        from cases as c
        inner join {{ ref("int_case__intervals") }} as i on c.case_key = i.case_key
        where i.field = 'status' and i.value is not null and i.valid_from < c.first_resolved_at
        group by c.case_key
    ),

    contacts as (
        select c.case_key, count(*) as n_contacts
        from cases as c
        inner join {{ ref("int_contact__enriched") }} as t on c.case_key = t.case_key
        where t.started_at < c.first_resolved_at and coalesce(t.is_customer_initiated, true)
        group by c.case_key
    ),

    -- A message that names a contact is part of it.
    messages as (
        select
            c.case_key,
            count(*) filter (where m.direction = 'inbound' and m.contact_key is null) as n_inbound,
            count(*) filter (where m.direction = 'outbound') as n_outbound,
            count(*) - count(m.direction) as n_unknown
        from cases as c
        inner join {{ ref("int_voice_of_customer__messages") }} as m on c.case_key = m.case_key
        where m.sent_at <= c.first_resolved_at
        group by c.case_key
    )

select
    c.case_key,
    case
        when w.has_waited then true when c.is_history_whole then coalesce(w.has_waited, false)
    end as has_waited,
    case when e.has_contacts then coalesce(t.n_contacts, 0) end as n_contacts,
    case
        when e.has_messages and coalesce(m.n_unknown, 0) = 0
        then coalesce(t.n_contacts, 0) + coalesce(m.n_inbound, 0)
    end as n_interactions,
    case when e.has_messages and coalesce(m.n_unknown, 0) = 0 then coalesce(m.n_outbound, 0) end as n_replies
from cases as c
inner join centres as e on c.centre = e.centre
left join waits as w on c.case_key = w.case_key
left join contacts as t on c.case_key = t.case_key
left join messages as m on c.case_key = m.case_key
