-- One row per incident with a high or overdue level of which no audit dates the rise.
with
    states as (
        {% for versions, key in [
            ("stg_servicenow__incidents_versions", "case_id"),
            ("stg_servicenow__tasks_versions", "task_id"),
        ] %}
            select
                source_instance,
                {{ key }} as case_id,
                coalesce(modified_at, delivered_at) as seen_at,
                closed_at,
                escalation_level
            from {{ ref(versions) }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select
    i.centre,
    i.source_instance,
    i.case_id,
    max(s.escalation_level) as level,
    min(s.seen_at) as seen_at,
    min(s.closed_at) as closed_at,
    i.delivered_at
from {{ ref("int_servicenow__incidents") }} as i
inner join states as s on i.source_instance = s.source_instance and i.case_id = s.case_id
left join
    (
        select distinct source_instance, record_id
        from {{ ref("stg_servicenow__audits") }}
        where task_table = 'incident' and field = 'escalation' and new_level >= 2
    ) as l
    on i.source_instance = l.source_instance
    and i.case_id = l.record_id
where s.escalation_level >= 2 and l.record_id is null
group by i.centre, i.source_instance, i.case_id, i.delivered_at
