-- One row per case: whether its recorded history reaches back to its opening, and on to how it stands.
-- A log of changes holds nothing of a case that never changed, and nothing of one that it has lost. A case
-- without a row counts as unchanged only if its status agrees, and the log holds every case of its time.
{% set over = "('resolved', 'closed')" %}
{% set neighbours %}
    partition by source_instance
    order by opened_at nulls last, case_id nulls last
    rows between {{ threshold_literal("history_neighbours") }} preceding
    and {{ threshold_literal("history_neighbours") }} following
{% endset %}
with
    logged as (
        select
            case_key,
            true as is_logged,
            bool_or(is_creation) as has_creation,
            bool_or(not is_creation) as has_changes,
            bool_or(field = 'status') as has_status,
            max(
                case when field = 'status' and record_seq = 1 then coalesce(old_value, new_value) end
            ) as first_status,
            -- A value that a change replaced was held before it; another one is only known from then on.
            min(
                case when field = 'status' and record_seq = 1 and old_value is null then changed_at end
            ) as first_status_at,
            max(case when field = 'status' and is_last then new_value end) as last_status,
            max(case when field = 'status' then changed_at end) as last_status_at,
            min(case when not is_creation then changed_at end) as first_change_at
        from {{ ref("int_case__records") }}
        group by case_key
    ),

    snapshots as (
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
            -- A counter of updates that stands at 0: none came before.
            or coalesce(s.is_first_update_known, false) as has_creation,
            coalesce(l.has_changes, false) as has_changes,
            coalesce(l.has_status, false) or coalesce(s.has_status, false) as has_status,
            coalesce(l.first_status, s.first_status) as first_status,
            case when l.has_status then l.first_status_at else s.first_status_at end as first_status_at,
            l.first_change_at as first_logged_at,
            coalesce(l.first_change_at, s.first_change_at) as first_change_at,
            -- A state that is older than the last change, or younger than the moment looked from,
            -- contradicts nothing.
            coalesce(
                l.last_status <> c.status
                and l.last_status_at <= c.delivered_at
                and (p.as_of_at is null or c.delivered_at <= p.as_of_at),
                false
            ) as is_end_missing
        from {{ ref("int_case__current") }} as c
        cross join {{ ref("stg_faultline__parameters") }} as p
        left join logged as l on c.case_key = l.case_key
        left join snapshots as s on c.case_key = s.case_key
    ),

    dated as (
        select
            h.*,
            bool_or(has_status) over (partition by source_instance) as is_status_recorded,
            bool_or(is_logged) over (partition by source_instance) as is_log_delivered,
            cast(opened_at as date)
            < cast(min(first_change_at) over (partition by source_instance) as date) as is_older
        from histories as h
    ),

    openings as (
        select source_instance, first_status
        from dated
        where has_status and not is_older and first_status not in {{ over }}
        group by source_instance, first_status
    ),

    -- What is known of the source as a whole.
    sources as (
        select
            source_instance,
            -- Cases that ended long before the first row that was kept: older rows were purged.
            bool_or(is_older and is_status_recorded and not has_status and status in {{ over }}) as is_cut,
            bool_or(has_status and not is_older and first_status not in {{ over }}) as is_opening_learned,
            coalesce(
                2 * count(*) filter (where has_changes and not is_older and has_creation)
                > count(*) filter (where has_changes and not is_older),
                false
            ) as is_creation_recorded
        from dated
        group by source_instance
    ),

    judged as (
        select
            d.*,
            s.is_creation_recorded,
            d.status = 'new' or o.first_status is not null as is_opening_status,
            d.has_history
            and (
                d.has_creation
                or coalesce(d.first_status = 'new', false)
                or (
                    not (d.is_logged and s.is_creation_recorded)
                    -- What is first seen later than the opening may have been something else before.
                    and not coalesce(
                        d.first_status_at > d.opened_at and (d.is_older or d.first_status in {{ over }}),
                        false
                    )
                    and (
                        not d.is_older
                        or (
                            not s.is_cut
                            and (
                                not s.is_opening_learned
                                or d.first_status is null
                                or f.first_status is not null
                            )
                        )
                    )
                )
            ) as is_start_known,
            d.is_status_recorded and not d.has_status and d.status in {{ over }} as is_lost
        from dated as d
        inner join sources as s on d.source_instance = s.source_instance
        left join openings as o on d.source_instance = o.source_instance and d.status = o.first_status
        left join openings as f on d.source_instance = f.source_instance and d.first_status = f.first_status
    ),

    compared as (
        select
            j.*,
            sum(case when is_lost then 1 else 0 end) over ({{ neighbours }}) as n_lost,
            sum(case when is_start_known then 1 else 0 end) over ({{ neighbours }}) as n_known
        from judged as j
    )

select
    case_key,
    centre,
    source_instance,
    case_id,
    has_history,
    is_status_recorded,
    is_end_missing,
    -- A status that no log tells of is believed where cases begin with it.
    coalesce(is_opening_status, false) as is_opening_status,
    case
        when has_history
        then is_start_known
        else
            is_log_delivered
            and not is_creation_recorded
            and not coalesce(is_older, true)
            and (not is_status_recorded or coalesce(is_opening_status, false))
            and n_lost = 0
            and n_known > 0
    end as is_covered
from compared
