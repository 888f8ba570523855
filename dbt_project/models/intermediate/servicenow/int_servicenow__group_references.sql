-- One row per way to tell of a group, with the team that it is.
-- It is told of by sys_id, or by a name that only one group bears.
with
    groups as (
        select source_instance, group_id, name, coalesce(team_id, group_id) as team_id
        from {{ ref("stg_servicenow__groups") }} as g
    ),

    told as (
        select source_instance, group_id as told_as, team_id
        from groups
        union all
        select source_instance, name, team_id
        from groups
        where name is not null
    )

select source_instance, told_as, min(team_id) as team_id
from told
group by source_instance, told_as
having count(distinct team_id) = 1
