-- One row per agent while the row was in force, of all sources.
-- What groups of a CRM tell of agents counts only where nobody describes them: each would count twice.
with
    described as ({{ entity_union("agents", ["stg_mapped__agents"]) }}),

    told_by_groups as ({{ entity_union("agents", ["int_servicenow__agents", "int_zendesk__agents"]) }})

select *
from described
union all
select *
from told_by_groups
where centre not in (select centre from described)
