-- One row per source instance and day: cases, and how many more an export must have left out.
-- Holes in ids that count upwards show them, or else the absence of any open case.
with
    cases as (
        select
            c.centre,
            c.source_instance,
            c.opened_at,
            c.closed_at,
            c.closed_at is not null or coalesce(c.is_resolved, false) as is_closed,
            s.as_of_at,
            coalesce(cast({{ local_time("c.opened_at", "s.time_zone") }} as date), s.last_date) as day
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        left join
            (select distinct source_instance from {{ ref("int_blind_spot__id_holes") }}) as h
            on c.source_instance = h.source_instance
        where h.source_instance is null and not coalesce(c.is_deleted, false)
    ),

    -- Cases that are open at any moment: those opened per second, times the seconds they stay open.
    open_cases as (
        select
            source_instance,
            min(case when is_closed then 1 else 0 end) = 1 as is_all_closed,
            sum(
                case
                    when closed_at > opened_at
                    then cast({{ dbt.datediff("opened_at", "closed_at", "second") }} as double)
                    else 0
                end
            )
            / nullif({{ dbt.datediff("min(opened_at)", "max(as_of_at)", "second") }}, 0) as n_open_usual
        from cases
        group by 1
    ),

    case_days as (select centre, source_instance, day, count(*) as n_present from cases group by 1, 2, 3),

    findings as (
        select centre, source_instance, day, n_missing, n_present
        from {{ ref("int_blind_spot__id_holes") }}
        union all
        select
            d.centre,
            d.source_instance,
            d.day,
            case
                when d.day = max(d.day) over (partition by d.source_instance) and o.is_all_closed
                then o.n_open_usual
                else 0
            end,
            d.n_present
        from case_days as d
        inner join open_cases as o on d.source_instance = o.source_instance
        -- Skip sources of which hardly any case would be open at a time: none open proves nothing there.
        where not o.is_all_closed or exp(-1.0 * o.n_open_usual) < {{ threshold("bs46_p_zero") }}
    )

select
    {{ source_dimensions("f", "day") }},
    cast(round(f.n_missing) as bigint) as n_affected,
    cast(0 as bigint) as n_undecidable,
    cast(f.n_present + round(f.n_missing) as bigint) as n_total
from findings as f
