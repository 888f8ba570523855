-- One row per journey: its items summed up, three-valued where a source cannot tell.
with
    ordered as (
        select
            i.centre,
            i.journey_key,
            i.item_type,
            i.source_instance,
            i.customer_id,
            i.reason,
            i.channel,
            i.started_at,
            i.ended_at,
            i.started_local_at,
            i.ended_local_at,
            row_number() over (
                partition by i.journey_key
                order by
                    i.started_at nulls last,
                    i.item_type nulls last,
                    i.reason nulls last,
                    i.channel nulls last,
                    i.item_key nulls last
            ) as position
        from {{ ref("int_journey__items") }} as i
    ),

    summed as (
        select
            centre,
            journey_key,
            min_by(source_instance, position) as source_instance,
            {{ first_filled("customer_id", "position") }} as customer_id,
            {{ first_filled("reason", "position") }} as reason,
            {{ first_filled("channel", "position") }} as first_channel,
            min(started_at) as started_at,
            max(ended_at) as ended_at,
            cast(min(started_local_at) as date) as started_date,
            cast(max(ended_local_at) as date) as ended_date,
            count(*) filter (where item_type = 'contact') as n_contacts,
            count(*) filter (where item_type = 'case') as n_cases,
            count(distinct channel) as n_channels
        from ordered
        group by centre, journey_key
    ),

    case_totals as (
        select
            i.journey_key,
            cast(sum(c.n_handoffs) as bigint) as n_handoffs,
            cast(sum(c.n_handoffs_settled) as bigint) as n_handoffs_settled,
            cast(sum(c.n_returns_direct) as bigint) as n_returns_direct,
            cast(sum(c.n_returns_any) as bigint) as n_returns_any,
            -- What is known of some cases is no total. A case without a team was never handed over.
            count(*) filter (where c.n_handoffs is null and c.group_id is not null) > 0 as is_handoff_unknown,
            case when count(*) = count(c.n_reopens) then cast(sum(c.n_reopens) as bigint) end as n_reopens,
            -- One TRUE decides; otherwise a single unknown keeps the whole undecided.
            {{ any_known("c.is_reopened") }} as is_reopened,
            {{ any_known("c.is_sla_missed") }} as is_sla_missed,
            {{ any_known("c.is_bounced") }} as is_bounced,
            not ({{ any_known("not c.is_resolved") }}) as is_resolved,
            max(c.as_of_at) as as_of_at
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.case_key = i.item_key
        group by i.journey_key
    ),

    chain_totals as (
        select
            journey_key,
            cast(sum(n_handoffs) as bigint) as n_handoffs,
            cast(sum(n_handoffs_settled) as bigint) as n_handoffs_settled,
            cast(sum(n_returns_direct) as bigint) as n_returns_direct,
            cast(sum(n_returns_any) as bigint) as n_returns_any,
            {{ any_known("n_returns_direct > 0") }} as is_bounced,
            max(queue_wait_seconds) as max_wait_seconds,
            -- What is known of some contacts is no total.
            case when sum(n_holds_unknown) = 0 then sum(hold_seconds) end as hold_seconds
        from
            (
                -- A chain counts once, however many of its contacts the journey holds.
                select
                    i.journey_key,
                    c.chain_key,
                    max(c.n_handoffs) as n_handoffs,
                    max(c.n_handoffs_settled) as n_handoffs_settled,
                    max(c.n_returns_direct) as n_returns_direct,
                    max(c.n_returns_any) as n_returns_any,
                    max(c.queue_wait_seconds) as queue_wait_seconds,
                    sum(c.hold_seconds) as hold_seconds,
                    count(*) filter (where c.is_answered and c.hold_seconds is null) as n_holds_unknown
                from {{ ref("int_contact__enriched") }} as c
                inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
                group by 1, 2
            ) as chains
        group by journey_key
    ),

    escalated as (
        select
            journey_key,
            min(escalated_at) as first_escalated_at,
            min_by(type, escalated_at) as escalation_type,
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
from summed as s
inner join {{ ref("int_source__spans") }} as w on s.source_instance = w.source_instance
inner join {{ ref("int_source__entities") }} as n on s.centre = n.centre and n.entity = 'escalations'
left join case_totals as c on s.journey_key = c.journey_key
left join chain_totals as t on s.journey_key = t.journey_key
left join escalated as e on s.journey_key = e.journey_key
left join {{ ref("int_journey__link_confidences") }} as k on s.journey_key = k.journey_key
