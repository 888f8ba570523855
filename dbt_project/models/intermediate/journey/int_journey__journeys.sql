-- One row per journey: its items summed up, three-valued where a source cannot tell.
with
    escalation_totals as (
        select
            journey_key,
            min(escalated_at) as first_escalated_at,
            {{ earliest_filled("type", "escalated_at") }} as escalation_type,
            count(*) as n_escalations
        from {{ ref("int_journey__escalations") }}
        where journey_key is not null and origin = 'recorded'
        group by journey_key
    )

select
    s.centre,
    s.journey_key,
    s.source_instance,
    s.customer_id,
    s.customer_key,
    s.reason,
    s.started_at,
    s.ended_at,
    s.started_date,
    s.ended_date,
    s.n_contacts,
    s.n_cases,
    s.n_channels,
    s.first_channel,
    {% for column in ["n_handoffs", "n_handoffs_settled", "n_returns_direct", "n_returns_any"] %}
        case
            when not coalesce(c.is_handoff_unknown, false)
            then coalesce(c.{{ column }} + t.{{ column }}, c.{{ column }}, t.{{ column }})
        end as {{ column }},
    {% endfor %}
    t.max_wait_seconds,
    t.hold_seconds,
    c.n_reopens,
    c.is_reopened,
    c.is_sla_missed,
    case
        when c.is_bounced or t.is_bounced
        then true
        when s.n_cases > 0 and c.is_bounced is null
        then null
        when s.n_contacts > 0 and t.is_bounced is null
        then null
        else false
    end as is_bounced,
    c.is_resolved,
    not coalesce(c.is_resolved, false)
    and s.ended_at
    > {{ dbt.dateadd("day", "-1 * " ~ threshold_literal("journey_close_days"), "w.as_of_at") }}
    as is_censored,
    case
        when e.journey_key is not null
        then true
        when n.is_delivered and s.started_date >= n.first_date and s.ended_date <= n.last_date
        then false
    end as is_escalated,
    e.escalation_type,
    e.first_escalated_at,
    coalesce(e.n_escalations, 0) as n_escalations,
    coalesce(k.link_confidence_min, cast(1.00 as double)) as link_confidence_min
from {{ ref("int_journey__item_totals") }} as s
inner join {{ ref("int_source__spans") }} as w on s.source_instance = w.source_instance
inner join {{ ref("int_source__entities") }} as n on s.centre = n.centre and n.entity = 'escalations'
left join {{ ref("int_journey__case_totals") }} as c on s.journey_key = c.journey_key
left join {{ ref("int_journey__chain_totals") }} as t on s.journey_key = t.journey_key
left join escalation_totals as e on s.journey_key = e.journey_key
left join {{ ref("int_journey__link_confidences") }} as k on s.journey_key = k.journey_key
