-- One row per source instance and day: cases, and how many more an export must have left out.
-- Holes in ids that count upwards tell of them, or else the absence of any open case.
with
    cases as (
        select
            c.centre,
            c.source_instance,
            c.case_key,
            c.case_id,
            c.opened_at,
            c.closed_at,
            c.closed_at is not null or coalesce(c.is_resolved, false) as is_closed,
            s.as_of_at,
            coalesce(cast({{ local_time("c.opened_at", "s.time_zone") }} as date), s.last_date) as day,
            s.last_date,
            {{ trailing_digits("c.case_id") }} as digits,
            coalesce(c.is_deleted, false) as is_deleted
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
    ),

    -- A case that was merged or deleted left no hole; a merged one counts on the day of the case that
    -- it became.
    ids as (
        select centre, source_instance, case_id, digits, day, not is_deleted as is_counted
        from cases
        union all
        select
            c.centre,
            c.source_instance,
            m.merged_case_id,
            {{ trailing_digits("m.merged_case_id") }},
            c.day,
            false
        from {{ ref("int_case__merges") }} as m
        inner join cases as c on m.case_key = c.case_key
    ),

    id_positions as (
        select
            centre,
            source_instance,
            day,
            is_counted,
            substring(case_id, 1, length(case_id) - length(digits)) as prefix,
            cast(digits as bigint) as number,
            lag(cast(digits as bigint)) over (
                partition by source_instance, substring(case_id, 1, length(case_id) - length(digits))
                order by cast(digits as bigint) nulls last, case_id nulls last
            ) as previous
        from ids
        where digits <> ''
    ),

    -- Ids that were drawn by lot leave most of their range empty, and their holes mean nothing.
    sequences as (
        select source_instance, prefix
        from id_positions
        group by 1, 2
        having
            count(*) >= {{ threshold("bs46_min_ids") }}
            and count(*) >= {{ threshold("bs46_min_density") }} * (max(number) - min(number) + 1)
    ),

    holes as (
        select
            n.centre,
            n.source_instance,
            n.day,
            sum(greatest(coalesce(n.number - n.previous - 1, 0), 0)) as n_missing,
            count(*) filter (where n.is_counted) as n_present
        from id_positions as n
        inner join sequences as s on n.source_instance = s.source_instance and n.prefix = s.prefix
        group by 1, 2, 3
    ),

    -- Cases that are open at any moment: those opened per second, times the seconds they stay open.
    standing as (
        select
            c.source_instance,
            min(case when c.is_closed then 1 else 0 end) = 1 as is_all_closed,
            sum(
                case
                    when c.closed_at > c.opened_at
                    then cast({{ dbt.datediff("c.opened_at", "c.closed_at", "second") }} as double)
                    else 0
                end
            )
            / nullif({{ dbt.datediff("min(c.opened_at)", "max(c.as_of_at)", "second") }}, 0) as n_open_usual
        from cases as c
        left join
            (select distinct source_instance from sequences) as s on c.source_instance = s.source_instance
        where s.source_instance is null and not c.is_deleted
        group by 1
    ),

    remaining_cases as (
        select
            c.centre,
            c.source_instance,
            c.day,
            case
                when c.day = max(c.day) over (partition by c.source_instance) and s.is_all_closed
                then s.n_open_usual
                else 0
            end as n_missing,
            c.n_present
        from
            (
                select centre, source_instance, day, count(*) as n_present
                from cases
                where not is_deleted
                group by 1, 2, 3
            ) as c
        inner join standing as s on c.source_instance = s.source_instance
        -- Without an open case nothing is proved where hardly any would stand open anyway.
        where not s.is_all_closed or exp(-1.0 * s.n_open_usual) < {{ threshold("bs46_p_zero") }}
    ),

    findings as (
        select *
        from holes
        union all
        select *
        from remaining_cases
    )

select
    {{ source_dimensions("f", "day") }},
    cast(round(f.n_missing) as bigint) as n_affected,
    cast(0 as bigint) as n_undecidable,
    cast(f.n_present + round(f.n_missing) as bigint) as n_total
from findings as f
