-- One row per pause of a clock: whether the customer was in touch, and whether the clock had nearly run out.
-- A contact or message lies in the pause, both ends included. That there was none is known only where the
-- centre delivers contacts, and its messages as plain feeds if at all. A clock has nearly run out in the
-- last tenth of its target.
with
    pauses as (
        select
            s.clock_key,
            s.stretch_seq,
            c.centre,
            s.counted_until_end >= 0.9 * s.target_seconds as is_late,
            count(t.case_key) as n_contacts
        from {{ ref("int_sla__stretch_seconds") }} as s
        inner join {{ ref("int_sla__clocks") }} as c on s.clock_key = c.clock_key
        left join
            {{ ref("int_sla__customer_contacts") }} as t
            on c.case_key = t.case_key
            and t.contacted_at >= s.starts_at
            and t.contacted_at <= s.ends_at
        where s.is_paused
        group by s.clock_key, s.stretch_seq, c.centre, s.counted_until_end, s.target_seconds
    ),

    unread_messages as (
        select distinct centre
        from {{ ref("stg_faultline__sources") }}
        where entity = 'messages' and connector <> 'mapped'
    )

select
    p.clock_key,
    p.stretch_seq,
    p.is_late,
    case
        when p.n_contacts > 0 then true when e.is_delivered and u.centre is null then false
    end as has_contact
from pauses as p
left join {{ ref("int_source__entities") }} as e on p.centre = e.centre and e.entity = 'contacts'
left join unread_messages as u on p.centre = u.centre
