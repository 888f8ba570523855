-- One row per recorded escalation, of all sources.
-- Those told by moves of cases count only where nobody records escalations: each would count twice.
with
    recorded as ({{ entity_union("escalations", ["stg_mapped__escalations"]) }}),

    told_by_moves as ({{ entity_union("escalations", ["stg_salesforce__escalations"]) }})

select *
from recorded
union all
select *
from told_by_moves
where centre not in (select centre from recorded)
