-- One row per leg of a customer's contact that an agent answered: whether the contact belonged there.
-- Triage, overflow and higher tiers are no wrong place. Tiers that nobody tells are one tier.
with
    legs as (
        select
            l.*,
            coalesce(l.is_triage, false)
            or coalesce(l.is_overflow, false)
            or coalesce(l.queue_tier > 1, false) as is_exempt,
            x.is_route_expected,
            x.required_skill,
            x.expected_queue_group,
            s.has_skill,
            n.is_moved_elsewhere,
            n.is_escalation_transfer
        from {{ ref("int_contact__legs") }} as l
        inner join {{ ref("int_routing__expected_legs") }} as x on l.leg_key = x.leg_key
        inner join {{ ref("int_routing__next_legs") }} as n on l.leg_key = n.leg_key
        left join {{ ref("int_routing__leg_skills") }} as s on l.leg_key = s.leg_key
    )

select
    leg_key,
    contact_key,
    centre,
    listed_agent_id,
    team_id,
    queue_group,
    started_at,
    talk_seconds,
    required_skill,
    expected_queue_group,
    has_skill,
    case when is_exempt then false else is_route_expected end as is_route_expected,
    case
        when is_exempt or not is_route_expected or queue_group = expected_queue_group or has_skill
        then false
        when
            is_route_expected
            and queue_group is not null
            and (has_skill is not null or required_skill is null)
        then true
    end as is_misroute_strict,
    is_moved_elsewhere,
    is_moved_elsewhere and talk_seconds <= {{ threshold("misroute_talk_seconds") }} as is_misroute_probable,
    is_escalation_transfer,
    not is_exempt
    and row_number() over (partition by contact_key, is_exempt order by position nulls last)
    = 1 as is_first_routed_leg
from legs
