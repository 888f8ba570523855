-- One row per change of one field of one case, as audits or a history of fields tell it.
-- An audit tells several events of one moment; of them changes of status, priority, group and assignee count.
-- A history of fields tells only what a field became: it was what it became before, and first what it was
-- opened with. Where audits tell of a ticket, its history would tell the same again. A ticket whose creation
-- is told, or that was never updated, is known from then on with its status then. Deletion is no status.
{% set fields = {"status": "status", "priority": "priority", "group_id": "group", "assignee_id": "owner"} %}
with
    tickets as (
        select centre, source_instance, ticket_id, created_at, updated_at, status, delivered_at
        from {{ ref("stg_zendesk__tickets") }} as t
    ),

    groups as (select source_instance, group_id, team_id from {{ ref("stg_zendesk__groups") }} as g),

    events as (
        select *
        from {{ ref("stg_zendesk__ticket_events") }} as e
        where field in ('{{ fields | join("', '") }}')
    ),

    audited as (select distinct source_instance, ticket_id from events),

    histories as (
        select *
        from {{ ref("stg_zendesk__ticket_field_history") }} as h
        where field in ('{{ fields | join("', '") }}')
    ),

    {{ line_order("histories", "ticket_id", "changed_at") }},

    recorded_values as (
        select
            h.*,
            {{ line_seq("h", "f") }} as line_seq,
            row_number() over (
                partition by h.source_instance, h.ticket_id, h.field
                order by h.changed_at nulls last, {{ line_seq("h", "f") }} nulls last, h.value nulls first
            ) as value_no,
            lag(h.value) over (
                partition by h.source_instance, h.ticket_id, h.field
                order by h.changed_at nulls last, {{ line_seq("h", "f") }} nulls last, h.value nulls first
            ) as old_value
        from histories as h
        left join files as f on h.source_instance = f.source_instance and h.delivery_id = f.delivery_id
    ),

    openings as (
        select source_instance, ticket_id, max(case when field = 'status' then new_value end) as status
        from events
        where event_type = 'Create'
        group by source_instance, ticket_id
        union all
        select v.source_instance, v.ticket_id, v.value
        from recorded_values as v
        inner join tickets as t on v.source_instance = t.source_instance and v.ticket_id = t.ticket_id
        left join audited as a on v.source_instance = a.source_instance and v.ticket_id = a.ticket_id
        where a.ticket_id is null and v.field = 'status' and v.value_no = 1 and v.changed_at <= t.created_at
        union all
        select t.source_instance, t.ticket_id, t.status
        from tickets as t
        left join audited as a on t.source_instance = a.source_instance and t.ticket_id = a.ticket_id
        left join
            (select distinct source_instance, ticket_id from recorded_values) as v
            on t.source_instance = v.source_instance
            and t.ticket_id = v.ticket_id
        where
            a.ticket_id is null
            and v.ticket_id is null
            and t.updated_at = t.created_at
            and t.status <> 'deleted'
    ),

    changes as (
        select
            centre,
            source_instance,
            ticket_id,
            field,
            old_value,
            new_value,
            created_at as changed_at,
            audit_id,
            event_number,
            event_id,
            cast(null as {{ dbt.type_bigint() }}) as line_seq,
            author_id,
            delivered_at
        from events
        where event_type = 'Change'
        union all
        select
            v.centre,
            v.source_instance,
            v.ticket_id,
            v.field,
            v.old_value,
            v.value as new_value,
            v.changed_at,
            null as audit_id,
            null as event_number,
            null as event_id,
            v.line_seq,
            v.author_id,
            v.delivered_at
        from recorded_values as v
        inner join tickets as t on v.source_instance = t.source_instance and v.ticket_id = t.ticket_id
        left join audited as a on v.source_instance = a.source_instance and v.ticket_id = a.ticket_id
        where
            a.ticket_id is null
            and (v.value_no > 1 or v.changed_at > t.created_at)
            and v.value is distinct from v.old_value
        {% for field, value in [("created", "null"), ("status", "o.status")] %}
            union all
            select
                t.centre,
                t.source_instance,
                t.ticket_id,
                '{{ field }}',
                null,
                {{ value }},
                t.created_at,
                null,
                null,
                null,
                null,
                null,
                t.delivered_at
            from openings as o
            inner join tickets as t on o.source_instance = t.source_instance and o.ticket_id = t.ticket_id
            {% if field == "status" %} where o.status is not null {% endif %}
        {% endfor %}
    ),

    named as (
        select
            c.*,
            case
                field
                when 'created'
                then 'created'
                {% for field, ours in fields.items() %} when '{{ field }}' then '{{ ours }}' {% endfor %}
            end as our_field
        from changes as c
    )

select
    c.centre,
    c.source_instance,
    c.ticket_id as case_id,
    c.our_field as field,
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
from named as c
left join tickets as t on c.source_instance = t.source_instance and c.ticket_id = t.ticket_id
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
where
    c.our_field <> 'status'
    or (coalesce(c.old_value, '') <> 'deleted' and coalesce(c.new_value, '') <> 'deleted')
