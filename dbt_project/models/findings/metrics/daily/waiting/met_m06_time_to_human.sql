-- One row per definition, centre, local day and value of a dimension: time from the start to the first human.
-- An answer before the start tells of clocks that disagree: its time is not known.
with
    units as (
        select
            centre,
            started_date as day,
            channel,
            reason,
            first_team_id as team,
            first_queue_group as queue_group,
            is_answered,
            case
                when first_answered_at >= started_at
                then {{ dbt.datediff("started_at", "first_answered_at", "second") }}
            end as seconds_to_human
        from {{ ref("int_contact__enriched") }}
        where coalesce(is_customer_initiated, true)
    ),

    {{
        daily_metrics(
            {"M6": {"of": "is_answered", "mean": "seconds_to_human"}},
            ["channel", "reason", "team", "queue_group"],
        )
    }}
