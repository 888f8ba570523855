-- One row per case, field and change of its value, the value at opening included where it is known.
-- A view, because only the intervals read it.
{{ config(materialized="view") }}
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
    ),

    recorded as (select * from {{ ref("int_case__records") }} where field <> 'created'),

    current_values as (
        {% for field, column in fields.items() %}
            select
                c.case_key,
                c.centre,
                c.source_instance,
                c.case_id,
                c.opened_at,
                '{{ field }}' as field,
                c.{{ column }} as value,
                v.is_covered,
                v.is_end_missing,
                v.is_opening_status
            from {{ ref("int_case__current") }} as c
            inner join {{ ref("int_case__coverage") }} as v on c.case_key = v.case_key
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    -- What a change log leaves unsaid: the first value held from opening on, unless its beginning was lost.
    opening as (
        select
            r.case_key,
            r.centre,
            r.source_instance,
            r.case_id,
            r.field,
            least(c.opened_at, r.changed_at) as changed_at,
            r.old_value as value
        from recorded as r
        inner join current_values as c on r.case_key = c.case_key and r.field = c.field
        where r.record_seq = 1 and r.old_value is not null and c.is_covered
    ),

    logged as (
        select source_instance, field, min(cast(changed_at as date)) as first_logged_on
        from recorded
        where not is_creation
        group by 1, 2
    ),

    -- Nor does it say anything of a value that never changed since there is a log of it.
    unchanged as (
        select c.case_key, c.centre, c.source_instance, c.case_id, c.field, c.opened_at as changed_at, c.value
        from current_values as c
        inner join
            logged as l
            on c.source_instance = l.source_instance
            and c.field = l.field
            and cast(c.opened_at as date) >= l.first_logged_on
        left join recorded as r on c.case_key = r.case_key and c.field = r.field and r.record_seq = 1
        where
            r.case_key is null
            and c.value is not null
            and c.is_covered
            and not c.is_end_missing
            and (c.field <> 'status' or c.is_opening_status)
    ),

    values_at_opening as (
        select *
        from opening
        union all
        select *
        from unchanged
    )

select
    case_key, centre, source_instance, case_id, field, changed_at, change_seq, new_value as value, changed_by
from snapshots
where value_seq = 1 or old_value <> new_value
union all
select
    case_key, centre, source_instance, case_id, field, changed_at, record_seq, new_value as value, changed_by
from recorded
where old_value is null or new_value is null or old_value <> new_value
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
from values_at_opening
