-- One row per team while the row was in force, of all sources.
-- What groups of a CRM tell of teams counts only where nobody describes them.
with
    described as ({{ entity_union("teams", ["stg_mapped__teams"]) }}),

    told_by_groups as ({{ entity_union("teams", ["stg_servicenow__teams"]) }})

select *
from described
union all
select *
from told_by_groups
where centre not in (select centre from described)
