-- One row per case that names its contact: by how many seconds it was opened before or after that lasted.
-- Of several contacts of a case the nearest one led to it; one of another day did not.
with
    distances as (
        select
            c.centre,
            c.source_instance,
            c.case_key,
            cast({{ local_time("c.opened_at", "s.time_zone") }} as date) as opened_date,
            k.source_instance as contact_source_instance,
            k.contact_id,
            case
                when c.opened_at < k.started_at
                then {{ dbt.datediff("k.started_at", "c.opened_at", "second") }}
                when c.opened_at > coalesce(k.ended_at, k.started_at)
                then {{ dbt.datediff("coalesce(k.ended_at, k.started_at)", "c.opened_at", "second") }}
                else 0
            end as skew_seconds
        from {{ ref("int_contact__enriched") }} as k
        inner join {{ ref("int_case__enriched") }} as c on k.recorded_case_key = c.case_key
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        where
            c.opened_at
            >= {{ dbt.dateadd("hour", "-1 * " ~ threshold_literal("case_link_hours"), "k.started_at") }}
            and c.opened_at <= {{ dbt.dateadd("hour", threshold_literal("case_link_hours"), "k.started_at") }}
    )

select centre, source_instance, case_key, opened_date, contact_source_instance, skew_seconds
from
    (
        select
            d.*,
            row_number() over (
                partition by case_key
                order by
                    abs(skew_seconds) nulls last, contact_source_instance nulls last, contact_id nulls last
            ) as choice
        from distances as d
    ) as ranked
where choice = 1
