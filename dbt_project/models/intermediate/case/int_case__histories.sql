-- One row per case and field with a known history, and whether it is whole.
-- A whole history begins with the opening of the case, has no gap, and ends with the delivered value.
with
    log_totals as (
        select
            r.case_key,
            r.field,
            -- A gap: no new value, or an old value that is not the one that the change before set.
            bool_or(
                (r.old_value is null and r.new_value is null)
                or (r.field = 'status' and r.new_value is null)
                or (
                    r.record_seq > 1
                    and r.old_value is not null
                    and r.previous_value is distinct from r.old_value
                )
            ) as is_torn,
            max(case when r.is_last then r.new_value end) as last_value,
            max(r.changed_at) as last_changed_at
        from {{ ref("int_case__records") }} as r
        where r.field <> 'created'
        group by r.case_key, r.field
    ),

    recorded_fields as (
        select distinct case_key, centre, source_instance, case_id, field
        from {{ ref("int_case__intervals") }}
    )

select
    k.case_key,
    k.centre,
    k.source_instance,
    k.case_id,
    k.field,
    coalesce(v.is_covered, false) as is_start_known,
    not coalesce(l.is_torn, false) as is_joined,
    not coalesce(
        l.last_changed_at <= c.delivered_at
        and (p.as_of_at is null or c.delivered_at <= p.as_of_at)
        and l.last_value <> case
            k.field
            when 'status'
            then c.status
            when 'group'
            then c.group_id
            when 'owner'
            then c.owner_id
            else c.priority
        end,
        false
    ) as is_end_known
from recorded_fields as k
cross join {{ ref("stg_faultline__parameters") }} as p
left join {{ ref("int_case__current") }} as c on k.case_key = c.case_key
left join {{ ref("int_case__coverage") }} as v on k.case_key = v.case_key
left join log_totals as l on k.case_key = l.case_key and k.field = l.field
