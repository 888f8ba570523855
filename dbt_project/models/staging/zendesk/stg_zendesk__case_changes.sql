-- One row per change of one field of one case.
-- An audit tells several events of one moment; of them changes of status, priority, group and assignee count.
{% set fields = {"status": "status", "priority": "priority", "group_id": "group", "assignee_id": "owner"} %}
with
    deleted as (
        select source_instance, ticket_id
        from ({{ staged("tickets", "raw_zendesk") }}) as t
        where status = 'deleted'
    ),

    groups as (select source_instance, group_id, team_id from ({{ staged("groups", "raw_zendesk") }}) as g),

    changes as (
        select
            e.*,
            case
                e.field
                {% for field, ours in fields.items() %} when '{{ field }}' then '{{ ours }}' {% endfor %}
            end as our_field
        from ({{ staged("ticket_events", "raw_zendesk") }}) as e
        where e.event_type = 'Change' and e.field in ('{{ fields | join("', '") }}')
    )

select
    c.centre,
    c.source_instance,
    c.ticket_id as case_id,
    c.our_field as field,
    coalesce(o.team_id, c.old_value) as old_value,
    coalesce(n.team_id, c.new_value) as new_value,
    c.created_at as changed_at,
    row_number() over (
        partition by c.source_instance, c.ticket_id
        order by c.created_at, {{ dbt.length("c.audit_id") }}, c.audit_id, c.event_number, c.event_id
    ) as change_seq,
    case when c.author_id <> '-1' then c.author_id end as changed_by,
    c.delivered_at
from changes as c
left join deleted as d on c.source_instance = d.source_instance and c.ticket_id = d.ticket_id
left join
    groups as o
    on c.source_instance = o.source_instance
    and c.our_field = 'group'
    and c.old_value = o.group_id
left join
    groups as n
    on c.source_instance = n.source_instance
    and c.our_field = 'group'
    and c.new_value = n.group_id
where d.ticket_id is null
