-- One row per case, field and change of its value, the value at opening included.
{% set fields = {"status": "status", "owner": "owner_id", "group": "group_id", "priority": "priority"} %}
with
    snapshots as (
        {% for field, column in fields.items() %}
            select
                centre,
                source_instance,
                case_id,
                '{{ field }}' as field,
                version_at as changed_at,
                version_seq as change_seq,
                {{ column }} as new_value,
                changed_by,
                row_number() over (partition by source_instance, case_id order by version_seq) as value_seq,
                lag({{ column }}) over (
                    partition by source_instance, case_id order by version_seq
                ) as old_value
            from {{ ref("int_case__versions") }}
            where is_history and {{ column }} is not null
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    recorded as (
        select
            centre,
            source_instance,
            case_id,
            field,
            changed_at,
            old_value,
            new_value,
            changed_by,
            row_number() over (
                partition by source_instance, case_id, field
                order by changed_at, change_seq nulls first, old_value nulls first, new_value nulls first
            ) as change_seq
        from {{ ref("int_entity__case_changes") }}
        where
            field in ({% for field in fields %}'{{ field }}' {% if not loop.last %}, {% endif %} {% endfor %})
    ),

    -- What a change log leaves unsaid: the first value held from opening on.
    opening as (
        select
            r.centre,
            r.source_instance,
            r.case_id,
            r.field,
            least(c.opened_at, r.changed_at) as changed_at,
            0 as change_seq,
            r.old_value as new_value,
            cast(null as {{ dbt.type_string() }}) as changed_by
        from recorded as r
        inner join
            {{ ref("int_case__current") }} as c
            on r.source_instance = c.source_instance
            and r.case_id = c.case_id
        where r.change_seq = 1 and r.old_value is not null
    ),

    logged as (
        select source_instance, field, min(cast(changed_at as date)) as first_logged_on
        from recorded
        group by 1, 2
    ),

    -- Nor does it say anything of a value that never changed since there is a log of it.
    unchanged as (
        {% for field, column in fields.items() %}
            select
                c.centre,
                c.source_instance,
                c.case_id,
                l.field,
                c.opened_at as changed_at,
                c.{{ column }} as value
            from {{ ref("int_case__current") }} as c
            inner join
                logged as l
                on c.source_instance = l.source_instance
                and l.field = '{{ field }}'
                and cast(c.opened_at as date) >= l.first_logged_on
            left join
                recorded as r
                on c.source_instance = r.source_instance
                and c.case_id = r.case_id
                and r.field = l.field
                and r.change_seq = 1
            where r.case_id is null and c.{{ column }} is not null
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select centre, source_instance, case_id, field, changed_at, change_seq, new_value as value, changed_by
from snapshots
where value_seq = 1 or old_value <> new_value
union all
select centre, source_instance, case_id, field, changed_at, change_seq, new_value as value, changed_by
from recorded
where old_value is null or new_value is null or old_value <> new_value
union all
select centre, source_instance, case_id, field, changed_at, change_seq, new_value as value, changed_by
from opening
union all
select centre, source_instance, case_id, field, changed_at, 0, value, cast(null as {{ dbt.type_string() }})
from unchanged
