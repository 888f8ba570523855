-- One row per journey and combination of team, reason and channel that one of its items touched.
with
    item_teams as (
        select distinct unit_key, team_id from {{ ref("int_handoff__runs") }} where variant = 'raw'
    ),

    items as (
        select i.journey_key, i.centre, coalesce(c.chain_key, i.item_key) as unit_key, i.reason, i.channel
        from {{ ref("int_journey__items") }} as i
        left join {{ ref("int_contact__enriched") }} as c on i.item_key = c.contact_key
    )

select distinct
    i.journey_key,
    i.centre,
    coalesce(t.team_id, '(unknown)') as team,
    coalesce(i.reason, '(unknown)') as reason,
    coalesce(i.channel, '(unknown)') as channel
from items as i
left join item_teams as t on i.unit_key = t.unit_key
