-- One row per recorded escalation, of all sources.
-- What cases tell of them counts only where nobody records escalations: each would count twice.
with
    recorded as ({{ entity_union("escalations", ["stg_mapped__escalations"]) }}),

    told_by_cases as (
        {{ entity_union("escalations", ["stg_salesforce__escalations", "stg_servicenow__escalations"]) }}
    )

select *
from recorded
union all
select *
from told_by_cases
where centre not in (select centre from recorded)
