-- One row per group of users.
-- What it was called before is not recorded.
select
    centre,
    source_instance,
    coalesce(team_id, group_id) as team_id,
    name as team,
    created_at as valid_from,
    {{ null_columns("teams", ["function", "valid_to"]) }},
    delivered_at
from {{ ref("stg_servicenow__groups") }} as g
where not coalesce(is_deleted, false)
