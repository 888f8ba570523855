-- One row per case that was deleted or merged, with the moment since when that is known.
-- Of plain feeds that is the first delivery that says so, of others the last change of the case.
with
    first_deliveries as (
        select {{ entity_key("case", "v") }} as case_key, min(v.delivered_at) as removed_at
        from {{ ref("stg_mapped__cases_versions") }} as v
        where v.is_deleted or v.merged_into is not null
        group by 1
    ),

    last_changes as (
        select case_key, max(changed_at) as removed_at
        from {{ ref("int_entity__case_changes") }}
        group by case_key
    )

select c.case_key, coalesce(f.removed_at, l.removed_at, c.closed_at, c.delivered_at) as removed_at
from {{ ref("int_entity__cases") }} as c
left join {{ ref("int_case__merges") }} as m on c.case_key = m.merged_case_key
left join first_deliveries as f on c.case_key = f.case_key
left join last_changes as l on c.case_key = l.case_key
where c.is_deleted or m.merged_case_key is not null
