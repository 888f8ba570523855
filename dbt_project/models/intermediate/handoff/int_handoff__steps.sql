-- One row per stay of a case or contact chain with a team, before equal neighbours are joined.
-- `step_order` counts the stays of one item: of a case, or of one contact of a chain.
select
    case_key as unit_key,
    case_key as item_key,
    centre,
    source_instance,
    'case' as unit_type,
    case_id as unit_id,
    value as team_id,
    valid_from as started_at,
    interval_seq as step_order
from {{ ref("int_case__intervals") }}
where field = 'group' and value is not null
union all
select
    c.chain_key as unit_key,
    c.contact_key as item_key,
    l.centre,
    l.source_instance,
    'chain' as unit_type,
    coalesce(c.chain_id, c.contact_id) as unit_id,
    l.team_id,
    l.started_at,
    l.leg_seq as step_order
from {{ ref("int_contact__legs") }} as l
inner join {{ ref("int_entity__contacts") }} as c on l.contact_key = c.contact_key
where l.team_id is not null and (l.agent_id is not null or l.answered_at is not null)
