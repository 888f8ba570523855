-- One row per source instance and day: hours whose volume can be compared with weeks before, and deliveries.
with
    -- A file delivered before the first or after the last event counts on the day of that event.
    delivery_days as (
        select
            d.centre,
            d.source_instance,
            least(greatest(d.day, coalesce(s.first_date, d.day)), coalesce(s.last_date, d.day)) as day,
            max(case when d.is_small then 1 else 0 end) = 1 as is_small
        from {{ ref("int_source__deliveries") }} as d
        inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
        where d.is_small is not null
        group by 1, 2, 3
    ),

    tested_hours as (
        select
            h.centre,
            h.source_instance,
            h.day,
            abs(h.hour_off) > {{ threshold("bs04_z") }} * h.hour_sigma
            or abs(h.day_off) > {{ threshold("bs04_z") }} * h.day_sigma
            or coalesce(d.is_small, false) as is_affected
        from {{ ref("int_blind_spot__hour_deviations") }} as h
        left join delivery_days as d on h.source_instance = d.source_instance and h.day = d.day
        -- Skip hours with no contacts and none expected.
        where h.n > 0 or h.n_usual > 0
    ),

    findings as (
        select {{ source_dimensions("t", "day") }}, t.is_affected, false as is_undecidable
        from tested_hours as t
        union all
        select {{ source_dimensions("d", "day") }}, d.is_small, false
        from delivery_days as d
        left join
            (select distinct source_instance, day from tested_hours) as t
            on d.source_instance = t.source_instance
            and d.day = t.day
        where t.day is null
    )

    {{ counted("findings") }}
