-- One row per team while the row was in force, of all sources.
-- What groups of a CRM tell of a team counts only where nobody describes it.
with
    described as ({{ entity_union("teams", ["stg_mapped__teams"]) }}),

    vendor_teams as ({{ entity_union("teams", ["int_servicenow__teams", "int_zendesk__teams"]) }})

select *
from described
union all
select g.*
from vendor_teams as g
left join
    (select distinct centre, team_id from described) as d on g.centre = d.centre and g.team_id = d.team_id
where d.team_id is null
