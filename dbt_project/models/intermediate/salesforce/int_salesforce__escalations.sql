-- One row per recorded escalation.
-- The history dates escalations that moved the case or set its flag. A case with the flag alone was escalated
-- not later than the first delivered state that shows it.
with
    cases as (select * from {{ ref("stg_salesforce__cases") }} as c),

    dated_escalations as (
        select
            h.*,
            row_number() over (
                partition by h.source_instance, h.case_id, h.created_at
                order by
                    case when h.new_value is not null then 0 else 1 end nulls last, h.history_id nulls last
            ) as entry_rank
        from {{ ref("stg_salesforce__case_histories") }} as h
        left join cases as c on h.source_instance = c.source_instance and h.case_id = c.case_id
        where
            (h.field = 'ownerEscalated' or (h.field = 'IsEscalated' and h.new_value = 'true'))
            -- The history of a deleted case is deleted with it.
            and (not coalesce(h.is_deleted, false) or c.is_deleted)
    ),

    flagged_cases as (
        select
            c.centre,
            c.source_instance,
            c.case_id as escalation_id,
            c.case_id,
            min(coalesce(v.modified_at, v.delivered_at)) as seen_at,
            min(v.closed_at) as closed_at,
            c.delivered_at
        from cases as c
        inner join
            {{ ref("stg_salesforce__cases_versions") }} as v
            on c.source_instance = v.source_instance
            and c.case_id = v.case_id
        left join
            (select distinct source_instance, case_id from dated_escalations) as d
            on c.source_instance = d.source_instance
            and c.case_id = d.case_id
        where v.is_escalated and d.case_id is null
        group by c.centre, c.source_instance, c.case_id, c.delivered_at
    ),

    recorded_escalations as (
        select
            centre,
            source_instance,
            history_id as escalation_id,
            case_id,
            created_at as requested_at,
            delivered_at
        from dated_escalations
        where entry_rank = 1
        union all
        select
            centre,
            source_instance,
            escalation_id,
            case_id,
            case when closed_at < seen_at then closed_at else seen_at end,
            delivered_at
        from flagged_cases
    )

select
    centre,
    source_instance,
    escalation_id,
    case_id,
    requested_at,
    'functional' as type,
    'internal' as source,
    'recorded' as origin,
    {{ null_columns("escalations", ["contact_id", "customer_id", "reason", "severity"]) }},
    {{ null_columns("escalations", ["approved_at", "accepted_at", "deescalated_at"]) }},
    {{ null_columns("escalations", ["level", "clock", "to_group_id"]) }},
    delivered_at
from recorded_escalations
cross join {{ ref("stg_faultline__parameters") }} as p
where p.as_of_at is null or requested_at <= p.as_of_at
