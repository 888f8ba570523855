-- One row per incident as it stands at its newest delivery, with what the table of tasks says of it.
{{ config(materialized="table") }}
{% set of_task = [
    "opened_at",
    "closed_at",
    "state",
    "priority",
    "channel",
    "assignment_group",
    "assigned_to",
    "assigned_to_key",
    "parent_id",
    "escalation_level",
    "is_sla_made",
    "is_knowledge_flagged",
    "reassignment_count",
] %}
select
    i.centre,
    i.source_instance,
    i.case_id,
    i.created_at,
    i.hold_reason,
    i.caller_key,
    i.reason,
    i.product,
    i.resolution_code,
    i.parent_incident_id,
    i.reopen_count,
    i.resolved_at,
    i.modified_at,
    i.n_updates,
    d.case_id is not null as is_deleted,
    {% for column in of_task %} coalesce(i.{{ column }}, t.{{ column }}) as {{ column }}, {% endfor %}
    i.delivered_at
from {{ ref("stg_servicenow__incidents") }} as i
left join
    {{ ref("stg_servicenow__tasks") }} as t on i.source_instance = t.source_instance and i.case_id = t.task_id
left join
    {{ ref("int_servicenow__deleted_incidents") }} as d
    on i.source_instance = d.source_instance
    and i.case_id = d.case_id
