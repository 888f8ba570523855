-- One row per case: whether its recorded history reaches back to its opening.
{% set over = "('resolved', 'closed')" %}
with
    opening_statuses as (
        select source_instance, first_status
        from {{ ref("int_case__recorded_histories") }}
        where has_status and not is_older and first_status not in {{ over }}
        group by source_instance, first_status
    ),

    source_histories as (
        select
            source_instance,
            -- A case ended without a row of its status, before the first row that was kept: older rows were
            -- purged.
            bool_or(is_older and is_status_recorded and not has_status and status in {{ over }}) as is_cut,
            bool_or(has_status and not is_older and first_status not in {{ over }}) as is_opening_learned,
            coalesce(
                2 * count(*) filter (where has_changes and not is_older and has_creation)
                > count(*) filter (where has_changes and not is_older),
                false
            ) as is_creation_recorded
        from {{ ref("int_case__recorded_histories") }}
        group by source_instance
    )

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
            -- A first status that is known only from after the opening may not be the status at opening.
            and not coalesce(
                d.first_status_at > d.opened_at and (d.is_older or d.first_status in {{ over }}), false
            )
            and (
                not d.is_older
                or (
                    not s.is_cut
                    and (not s.is_opening_learned or d.first_status is null or f.first_status is not null)
                )
            )
        )
    ) as is_start_known,
    d.is_status_recorded and not d.has_status and d.status in {{ over }} as is_lost
from {{ ref("int_case__recorded_histories") }} as d
inner join source_histories as s on d.source_instance = s.source_instance
left join opening_statuses as o on d.source_instance = o.source_instance and d.status = o.first_status
left join opening_statuses as f on d.source_instance = f.source_instance and d.first_status = f.first_status
