-- One row per change of one field of one case; deletion is no status.
select
    c.centre,
    c.source_instance,
    c.ticket_id as case_id,
    case
        c.field
        {% for field, ours in zendesk_fields().items() %} when '{{ field }}' then '{{ ours }}' {% endfor %}
        else c.field
    end as field,
    coalesce(o.team_id, c.old_value) as old_value,
    coalesce(n.team_id, c.new_value) as new_value,
    c.changed_at,
    row_number() over (
        partition by c.source_instance, c.ticket_id
        order by
            c.changed_at nulls last,
            case when c.audit_id is null and c.line_seq is null then 0 else 1 end nulls last,
            {{ dbt.length("c.audit_id") }} nulls last,
            c.audit_id nulls last,
            c.event_number nulls last,
            c.event_id nulls last,
            c.line_seq nulls last,
            c.field nulls last
    ) as change_seq,
    case when c.author_id <> '-1' then c.author_id end as changed_by,
    c.delivered_at
from {{ ref("int_zendesk__ticket_changes") }} as c
left join
    {{ ref("stg_zendesk__groups") }} as o
    on c.source_instance = o.source_instance
    and c.field = 'group_id'
    and c.old_value = o.group_id
left join
    {{ ref("stg_zendesk__groups") }} as n
    on c.source_instance = n.source_instance
    and c.field = 'group_id'
    and c.new_value = n.group_id
where
    c.field <> 'status' or (coalesce(c.old_value, '') <> 'deleted' and coalesce(c.new_value, '') <> 'deleted')
