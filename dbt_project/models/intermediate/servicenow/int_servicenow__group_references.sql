-- One row per value that refers to a group, with the team that it is.
-- A sys_id refers to a group, and so does a name that only one group has.
with
    groups as (
        select source_instance, group_id, name, coalesce(team_id, group_id) as team_id
        from {{ ref("stg_servicenow__groups") }} as g
    ),

    reference_values as (
        select source_instance, group_id as reference_value, team_id
        from groups
        union all
        select source_instance, name, team_id
        from groups
        where name is not null
    )

select source_instance, reference_value, min(team_id) as team_id
from reference_values
group by source_instance, reference_value
having count(distinct team_id) = 1
