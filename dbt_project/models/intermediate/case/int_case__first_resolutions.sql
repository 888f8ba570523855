-- One row per resolved case: what it took until its first resolution.
-- Contacts and states that are not delivered are not known.
with
    cases as (
        select case_key, centre, first_resolved_at, is_history_whole
        from {{ ref("int_case__enriched") }}
        where first_resolved_at is not null
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
    )

select
    c.case_key,
    case
        when w.has_waited then true when c.is_history_whole then coalesce(w.has_waited, false)
    end as has_waited,
    case when e.is_delivered then coalesce(t.n_contacts, 0) end as n_contacts
from cases as c
inner join {{ ref("int_source__entities") }} as e on c.centre = e.centre and e.entity = 'contacts'
left join waits as w on c.case_key = w.case_key
left join contacts as t on c.case_key = t.case_key
