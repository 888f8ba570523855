-- One row per case: vendor counters beside derived ones, NULL where the source cannot tell.
with
    escalated as (
        select case_key, min(escalated_at) as first_escalated_at
        from {{ ref("int_journey__escalations") }}
        where case_key is not null and origin = 'recorded'
        group by case_key
    ),

    merged as (
        select case_key, cast(count(*) as bigint) as n_merged
        from {{ ref("int_case__merges") }}
        group by case_key
    )

select
    c.centre,
    c.source_instance,
    c.case_id,
    {{ key_text("i.journey_key") }} as journey_id,
    c.customer_id,
    c.opened_at,
    cast({{ local_time("c.opened_at", "s.time_zone") }} as date) as opened_date,
    c.first_resolved_at,
    c.closed_at,
    c.channel,
    c.reason,
    c.product,
    c.priority_initial,
    c.priority_final,
    c.status,
    c.owner_id,
    c.group_id,
    t.team,
    c.resolution_code,
    c.n_updates,
    c.n_reopens,
    c.vendor_reopen_count,
    c.vendor_reassignment_count,
    c.n_handoffs,
    c.n_handoffs_settled,
    c.n_returns_direct,
    c.n_returns_direct_settled,
    c.n_returns_any,
    c.n_returns_any_settled,
    c.n_teams,
    case
        when c.is_end_known
        then cast({{ dbt.datediff("c.opened_at", "c.ended_at", "second") }} as double) / 3600
    end as open_hours,
    c.is_resolved,
    c.is_sla_met,
    c.is_knowledge_used,
    c.is_timely_response,
    case
        when e.case_key is not null
        then true
        when
            n.is_delivered
            and cast({{ local_time("c.opened_at", "s.time_zone") }} as date) >= n.first_date
            and cast({{ local_time("c.opened_at", "s.time_zone") }} as date) <= n.last_date
        then false
    end as is_escalated,
    e.first_escalated_at,
    c.is_deleted,
    coalesce(m.n_merged, 0) as n_merged
from {{ ref("int_case__enriched") }} as c
inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
inner join {{ ref("int_source__entities") }} as n on c.centre = n.centre and n.entity = 'escalations'
left join {{ ref("int_journey__items") }} as i on c.case_key = i.item_key
left join merged as m on c.case_key = m.case_key
left join {{ ref("dim_team") }} as t on c.centre = t.centre and c.group_id = t.team_id
left join escalated as e on c.case_key = e.case_key
