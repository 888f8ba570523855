-- One row per case, field and change of its value, the value at opening included where it is known.
{% set fields = {"status": "status", "owner": "owner_id", "group": "group_id", "priority": "priority"} %}
with
    snapshots as (
        {% for field, column in fields.items() %}
            select
                case_key,
                centre,
                source_instance,
                case_id,
                '{{ field }}' as field,
                version_at as changed_at,
                version_seq as change_seq,
                {{ column }} as new_value,
                changed_by,
                row_number() over (partition by case_key order by version_seq nulls last) as value_seq,
                lag({{ column }}) over (partition by case_key order by version_seq nulls last) as old_value
            from {{ ref("int_case__versions") }}
            where is_history and {{ column }} is not null
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select
    case_key, centre, source_instance, case_id, field, changed_at, change_seq, new_value as value, changed_by
from snapshots
where value_seq = 1 or old_value <> new_value
union all
select
    case_key, centre, source_instance, case_id, field, changed_at, record_seq, new_value as value, changed_by
from {{ ref("int_case__records") }}
where field <> 'created' and (old_value is null or new_value is null or old_value <> new_value)
union all
select
    case_key,
    centre,
    source_instance,
    case_id,
    field,
    changed_at,
    0,
    value,
    cast(null as {{ dbt.type_string() }})
from {{ ref("int_case__opening_values") }}
