-- One row per agent while the row was in force, of all sources.
-- What groups of a CRM tell of agents counts only where nobody describes them: each would count twice.
with
    mapped_agents as ({{ entity_union("agents", ["stg_mapped__agents"]) }}),

    group_members as ({{ entity_union("agents", ["int_servicenow__agents", "int_zendesk__agents"]) }})

select *
from mapped_agents
union all
select *
from group_members
where centre not in (select centre from mapped_agents)
