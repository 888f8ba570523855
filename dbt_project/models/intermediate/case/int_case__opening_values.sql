-- One row per case and field: the value held from opening on, where a log of changes leaves it unsaid.
{% set fields = {"status": "status", "owner": "owner_id", "group": "group_id", "priority": "priority"} %}
with
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

    -- The first change of a field names the value before it: held from opening on, unless earlier changes
    -- are lost.
    replaced_values as (
        select
            r.case_key,
            r.centre,
            r.source_instance,
            r.case_id,
            r.field,
            least(c.opened_at, r.changed_at) as changed_at,
            r.old_value as value
        from {{ ref("int_case__records") }} as r
        inner join current_values as c on r.case_key = c.case_key and r.field = c.field
        where r.record_seq = 1 and r.old_value is not null and c.is_covered
    ),

    log_beginnings as (
        select source_instance, field, min(cast(changed_at as date)) as first_logged_on
        from {{ ref("int_case__records") }}
        where not is_creation
        group by 1, 2
    ),

    -- A field that has no change kept its value, if changes of the field were logged when the case was
    -- opened.
    unchanged_values as (
        select c.case_key, c.centre, c.source_instance, c.case_id, c.field, c.opened_at as changed_at, c.value
        from current_values as c
        inner join
            log_beginnings as l
            on c.source_instance = l.source_instance
            and c.field = l.field
            and cast(c.opened_at as date) >= l.first_logged_on
        left join
            {{ ref("int_case__records") }} as r
            on c.case_key = r.case_key
            and c.field = r.field
            and r.record_seq = 1
        where
            r.case_key is null
            and c.value is not null
            and c.is_covered
            and not c.is_end_missing
            and (c.field <> 'status' or c.is_opening_status)
    )

select *
from replaced_values
union all
select *
from unchanged_values
