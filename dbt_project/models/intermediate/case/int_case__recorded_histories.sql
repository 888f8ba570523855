-- One row per case: what the log of changes and the snapshots hold of its history.
with
    log_totals as (
        select
            case_key,
            true as is_logged,
            bool_or(is_creation) as has_creation,
            bool_or(not is_creation) as has_changes,
            bool_or(field = 'status') as has_status,
            max(
                case when field = 'status' and record_seq = 1 then coalesce(old_value, new_value) end
            ) as first_status,
            -- Without a value before the change, the status is known from the change on, not from the
            -- opening on.
            min(
                case when field = 'status' and record_seq = 1 and old_value is null then changed_at end
            ) as first_status_at,
            max(case when field = 'status' and is_last then new_value end) as last_status,
            max(case when field = 'status' then changed_at end) as last_status_at,
            min(case when not is_creation then changed_at end) as first_change_at
        from {{ ref("int_case__records") }}
        group by case_key
    ),

    snapshot_totals as (
        select
            case_key,
            count(status) > 0 as has_status,
            {{ first_filled("status", "version_seq") }} as first_status,
            min(case when status is not null then version_at end) as first_status_at,
            min(version_at) as first_change_at,
            min(change_seq) = 0 as is_first_update_known
        from {{ ref("int_case__versions") }}
        where is_history
        group by case_key
    ),

    histories as (
        select
            c.case_key,
            c.centre,
            c.source_instance,
            c.case_id,
            c.opened_at,
            c.status,
            coalesce(l.is_logged, false) as is_logged,
            l.case_key is not null or s.case_key is not null as has_history,
            coalesce(l.has_creation, false)
            or coalesce(s.first_change_at <= c.opened_at, false)
            -- A counter of updates of 0: no update came before the first snapshot.
            or coalesce(s.is_first_update_known, false) as has_creation,
            coalesce(l.has_changes, false) as has_changes,
            coalesce(l.has_status, false) or coalesce(s.has_status, false) as has_status,
            coalesce(l.first_status, s.first_status) as first_status,
            case when l.has_status then l.first_status_at else s.first_status_at end as first_status_at,
            coalesce(l.first_change_at, s.first_change_at) as first_change_at,
            -- The last change must leave the delivered status, unless it is younger than the delivery, or the
            -- delivery is younger than the as-of moment.
            coalesce(
                l.last_status <> c.status
                and l.last_status_at <= c.delivered_at
                and (p.as_of_at is null or c.delivered_at <= p.as_of_at),
                false
            ) as is_end_missing
        from {{ ref("int_case__current") }} as c
        cross join {{ ref("stg_faultline__parameters") }} as p
        left join log_totals as l on c.case_key = l.case_key
        left join snapshot_totals as s on c.case_key = s.case_key
    )

select
    h.*,
    bool_or(has_status) over (partition by source_instance) as is_status_recorded,
    bool_or(is_logged) over (partition by source_instance) as is_log_delivered,
    cast(opened_at as date)
    < cast(min(first_change_at) over (partition by source_instance) as date) as is_older
from histories as h
