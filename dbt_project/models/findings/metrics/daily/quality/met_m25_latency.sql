-- One row per definition, centre, local day and value of a dimension: time until evaluations were submitted.
-- The day is that of the submission.
with
    units as (
        select e.*, e.submitted_date as day, e.team_id as team from {{ ref("int_quality__evaluations") }} as e
    ),

    {{
        daily_metrics(
            {
                "M25": {"mean": "latency_seconds", "of": "is_submitted"},
                "M25_human": {"mean": "latency_seconds", "of": "is_submitted and not is_automatic"},
            },
            ["channel", "reason", "team"],
        )
    }}
