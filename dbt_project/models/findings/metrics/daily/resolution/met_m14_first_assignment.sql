-- One row per definition, centre, local day and value of a dimension: resolved cases that one team kept.
-- A case counts on the day of its first resolution. A deleted case leaves the rate.
with
    units as (
        select
            c.centre,
            cast({{ local_time("c.first_resolved_at", "s.time_zone") }} as date) as day,
            c.channel,
            c.reason,
            c.group_id as team,
            c.n_handoffs = 0 as is_kept,
            c.vendor_reassignment_count = 0 as is_kept_by_vendor
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        where c.first_resolved_at is not null and not coalesce(c.is_deleted, false)
    ),

    {{
        daily_metrics(
            {
                "M14": {"share": "is_kept"},
                "M14_vendor": {"share": "is_kept_by_vendor"},
            },
            ["channel", "reason", "team"],
        )
    }}
