-- One row per source instance and day: delivered records that repeat one already received.
with
    findings as (
        select
            centre,
            source_instance,
            {{ whole_source() }},
            event_date,
            n_received - n_distinct as n_affected,
            0 as n_undecidable,
            n_received as n_total
        from {{ ref("int_source__daily_counts") }}
    )

    {{ summed("findings") }}
