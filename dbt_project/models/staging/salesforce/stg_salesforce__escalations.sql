-- One row per recorded escalation.
-- An escalation rule that moves a case to another owner is all that the history tells of one.
with
    moves as (
        select
            h.*,
            row_number() over (
                partition by h.source_instance, h.case_id, h.created_at
                order by case when h.new_value is not null then 0 else 1 end, h.history_id
            ) as choice
        from ({{ staged("case_histories", "raw_salesforce") }}) as h
        left join
            ({{ staged("cases", "raw_salesforce") }}) as c
            on h.source_instance = c.source_instance
            and h.case_id = c.case_id
        where
            h.field = 'ownerEscalated'
            and not coalesce(h.is_deleted, false)
            and not coalesce(c.is_deleted, false)
    )

select
    centre,
    source_instance,
    history_id as escalation_id,
    case_id,
    created_at as requested_at,
    'functional' as type,
    'internal' as source,
    {{
        unfilled(
            "escalations",
            [
                "contact_id",
                "customer_id",
                "reason",
                "severity",
                "approved_at",
                "accepted_at",
                "deescalated_at",
            ],
        )
    }},
    delivered_at
from moves
where choice = 1
