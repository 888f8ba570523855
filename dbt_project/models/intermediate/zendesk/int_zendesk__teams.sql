-- One row per group of agents.
-- What it was called before is not recorded.
select
    centre,
    source_instance,
    team_id,
    name as team,
    created_at as valid_from,
    {{ null_columns("teams", ["function", "valid_to"]) }},
    delivered_at
from {{ ref("stg_zendesk__groups") }} as g
where not coalesce(is_deleted, false) and team_id is not null
