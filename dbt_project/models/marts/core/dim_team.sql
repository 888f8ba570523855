-- One row per centre and team, described or only seen in a case or agent record.
with
    described as (
        select
            centre,
            team_id,
            {{ latest_filled("team", "coalesce(valid_from, timestamp '1900-01-01 00:00:00')") }} as team,
            {{ latest_filled("function", "coalesce(valid_from, timestamp '1900-01-01 00:00:00')") }}
            as function
        from {{ ref("int_entity__teams") }}
        group by centre, team_id
    ),

    seen as (
        select distinct centre, team_id
        from {{ ref("int_handoff__steps") }}
        union
        select distinct centre, team_id
        from {{ ref("int_organisation__agents") }}
        where team_id is not null
        union
        select centre, team_id
        from described
    )

select
    s.centre,
    s.team_id,
    coalesce(d.team, s.team_id) as team,
    d.function,
    d.team_id is not null as is_described
from seen as s
left join described as d on s.centre = d.centre and s.team_id = d.team_id
