-- One row per pause of a clock: whether the customer was in touch, and whether the clock had nearly run out.
-- A contact of the customer about the case lies in the pause, both ends included. Where the centre delivers
-- no
-- contacts, nobody can say. A clock has nearly run out in the last tenth of its target.
with
    contacts as (
        select case_key, started_at
        from {{ ref("int_contact__enriched") }}
        where case_key is not null and is_customer_initiated is distinct from false
    ),

    pauses as (
        select
            s.clock_key,
            s.stretch_seq,
            c.centre,
            s.counted_until_end >= 0.9 * s.target_seconds as is_late,
            max(case when t.case_key is null then 0 else 1 end) as n_contacts
        from {{ ref("int_sla__stretch_seconds") }} as s
        inner join {{ ref("int_sla__clocks") }} as c on s.clock_key = c.clock_key
        left join
            contacts as t
            on c.case_key = t.case_key
            and t.started_at >= s.starts_at
            and t.started_at <= s.ends_at
        where s.is_paused
        group by s.clock_key, s.stretch_seq, c.centre, s.counted_until_end, s.target_seconds
    )

select
    p.clock_key, p.stretch_seq, p.is_late, case when e.is_delivered then p.n_contacts > 0 end as has_contact
from pauses as p
left join {{ ref("int_source__entities") }} as e on p.centre = e.centre and e.entity = 'contacts'
