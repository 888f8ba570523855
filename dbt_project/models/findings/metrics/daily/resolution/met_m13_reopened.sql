-- One row per definition, centre, local day and value of a dimension: resolved cases that were opened again.
-- A case counts on the day of its first resolution. A deleted case leaves the rate.
with
    units as (
        select
            c.centre,
            cast({{ local_time("c.first_resolved_at", "s.time_zone") }} as date) as day,
            c.channel,
            c.reason,
            c.group_id as team,
            c.is_reopened,
            c.vendor_reopen_count > 0 as is_reopened_by_vendor
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        where c.first_resolved_at is not null and not coalesce(c.is_deleted, false)
    ),

    {{
        daily_metrics(
            {
                "M13": {"share": "is_reopened"},
                "M13_vendor": {"share": "is_reopened_by_vendor"},
            },
            ["channel", "reason", "team"],
        )
    }}
