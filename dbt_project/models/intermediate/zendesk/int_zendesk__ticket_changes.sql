-- One row per change of one field of one ticket, by its audits or else by the history of its fields.
-- A ticket that is known from its creation on begins with two: its creation, and its first status.
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
from {{ ref("stg_zendesk__ticket_events") }}
where event_type = 'Change' and field in ('{{ zendesk_fields() | join("', '") }}')
union all
select
    v.centre,
    v.source_instance,
    v.ticket_id,
    v.field,
    v.old_value,
    v.value,
    v.changed_at,
    null,
    null,
    null,
    v.line_seq,
    v.author_id,
    v.delivered_at
from {{ ref("int_zendesk__recorded_values") }} as v
inner join
    {{ ref("stg_zendesk__tickets") }} as t
    on v.source_instance = t.source_instance
    and v.ticket_id = t.ticket_id
where (v.value_no > 1 or v.changed_at > t.created_at) and v.value is distinct from v.old_value
{% for field, value in [("created", "null"), ("status", "status")] %}
    union all
    select
        centre,
        source_instance,
        ticket_id,
        '{{ field }}',
        null,
        {{ value }},
        created_at,
        null,
        null,
        null,
        null,
        null,
        delivered_at
    from {{ ref("int_zendesk__openings") }}
    {% if field == "status" %} where status is not null {% endif %}
{% endfor %}
