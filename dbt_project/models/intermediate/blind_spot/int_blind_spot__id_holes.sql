-- One row per source instance and day of cases whose ids count upwards: the cases, and ids that are missing
-- before theirs.
-- A case that was merged or deleted left no hole; a merged one counts on the day of the case that it became.
with
    cases as (
        select
            c.centre,
            c.source_instance,
            c.case_key,
            c.case_id,
            coalesce(cast({{ local_time("c.opened_at", "s.time_zone") }} as date), s.last_date) as day,
            coalesce(c.is_deleted, false) as is_deleted
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
    ),

    ids as (
        select
            centre,
            source_instance,
            case_id,
            {{ trailing_digits("case_id") }} as digits,
            day,
            not is_deleted as is_counted
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
    )

select
    n.centre,
    n.source_instance,
    n.day,
    sum(greatest(coalesce(n.number - n.previous - 1, 0), 0)) as n_missing,
    count(*) filter (where n.is_counted) as n_present
from id_positions as n
inner join sequences as s on n.source_instance = s.source_instance and n.prefix = s.prefix
group by 1, 2, 3
