-- One row per change of one field of one case.
-- Where it is unknown who took a case over, both the group and the agent changed to something unknown.
{% set entry = "centre, source_instance, case_id, history_id, created_at, created_by_id, delivered_at" %}
with
    -- A case that was never changed, or closed when it was created, shows itself how it began.
    unchanged_cases as (
        select c.*
        from {{ ref("stg_salesforce__cases") }} as c
        left join
            (
                select distinct source_instance, case_id
                from {{ ref("int_salesforce__case_histories") }}
                where field = 'Status'
            ) as h
            on c.source_instance = h.source_instance
            and c.case_id = h.case_id
        where
            h.case_id is null
            and c.status is not null
            and (c.modified_at = c.created_at or c.is_closed_on_create)
    ),

    changes as (
        select {{ entry }}, field, old_value, value as new_value
        from {{ ref("int_salesforce__owner_values") }}
        where side = 2 and coalesce(old_value, '') <> coalesce(value, '')
        union all
        select {{ entry }}, lower(field), old_value, new_value
        from {{ ref("int_salesforce__case_histories") }}
        where field in ('Status', 'Priority', 'created')
        union all
        -- Who owned the case until its only change to another kind of owner.
        select {{ entry }}, field, value, value
        from {{ ref("int_salesforce__owner_values") }}
        where value_no = 1 and side = 1 and last_side = 1 and value is not null
        {% for field in ["group", "owner"] %}
            union all
            select {{ entry }}, '{{ field }}', null, null
            from {{ ref("int_salesforce__owner_moves") }}
            where new_id is null
        {% endfor %}
        {% for field, value in [("created", "null"), ("status", "status")] %}
            union all
            select {{ entry | replace("history_id", "case_id") }}, '{{ field }}', null, {{ value }}
            from unchanged_cases
        {% endfor %}
    )

select
    c.centre,
    c.source_instance,
    c.case_id,
    c.field,
    c.old_value,
    c.new_value,
    c.created_at as changed_at,
    row_number() over (
        partition by c.source_instance, c.case_id
        order by c.created_at nulls last, c.history_id nulls last, c.field nulls last
    ) as change_seq,
    case when u.owner_id is null then c.created_by_id else u.value end as changed_by,
    c.delivered_at
from changes as c
left join
    {{ ref("int_salesforce__owners") }} as u
    on c.source_instance = u.source_instance
    and c.created_by_id = u.owner_id
