-- One row per journey and combination of team, reason and channel that one of its items touched.
with
    item_teams as (
        select distinct
            case when unit_type = 'case' then 'case' else 'chain' end as unit_type,
            source_instance,
            unit_id,
            team_id
        from {{ ref("int_handoff__runs") }}
        where variant = 'raw'
    ),

    items as (
        select
            i.journey_key,
            i.centre,
            i.source_instance,
            case when i.item_type = 'case' then 'case' else 'chain' end as unit_type,
            case when i.item_type = 'case' then i.item_id else c.chain_id end as unit_id,
            i.reason,
            i.channel
        from {{ ref("int_journey__items") }} as i
        left join {{ ref("int_contact__outcomes") }} as c on i.item_key = c.contact_key
    )

select distinct
    i.journey_key,
    i.centre,
    coalesce(t.team_id, '(unknown)') as team,
    coalesce(i.reason, '(unknown)') as reason,
    coalesce(i.channel, '(unknown)') as channel
from items as i
left join
    item_teams as t
    on i.unit_type = t.unit_type
    and i.source_instance = t.source_instance
    and i.unit_id = t.unit_id
