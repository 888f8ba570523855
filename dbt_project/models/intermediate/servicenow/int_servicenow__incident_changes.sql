-- One row per change of one field of one incident, by the audit or by its creation.
-- An incident that was never updated shows itself how it began.
{% for field, audited, column in [
    ("group", "assignment_group", "group"),
    ("owner", "assigned_to", "owner"),
    ("priority", "priority", "priority"),
] %}
    select
        centre,
        source_instance,
        record_id,
        '{{ field }}' as field,
        old_{{ column }} as old_value,
        new_{{ column }} as new_value,
        created_at,
        update_seq,
        line_seq,
        changed_by_key,
        audit_id,
        delivered_at
    from {{ ref("int_servicenow__incident_audits") }}
    where field = '{{ audited }}'
    union all
{% endfor %}
select
    centre,
    source_instance,
    record_id,
    'status',
    old_value,
    new_value,
    created_at,
    update_seq,
    line_seq,
    changed_by_key,
    audit_id,
    delivered_at
from {{ ref("int_servicenow__status_changes") }}
{% for field, value in [("created", "null"), ("status", "i.state")] %}
    union all
    select
        i.centre,
        i.source_instance,
        i.case_id,
        '{{ field }}',
        null,
        {{ value }},
        coalesce(i.opened_at, i.created_at),
        -1,
        null,
        null,
        i.case_id,
        i.delivered_at
    from {{ ref("int_servicenow__incidents") }} as i
    left join
        (
            select distinct source_instance, record_id
            from {{ ref("int_servicenow__status_changes") }}
            where audited_field = 'state'
        ) as s
        on i.source_instance = s.source_instance
        and i.case_id = s.record_id
    where s.record_id is null and i.state is not null and (i.n_updates = 0 or i.modified_at = i.created_at)
{% endfor %}
