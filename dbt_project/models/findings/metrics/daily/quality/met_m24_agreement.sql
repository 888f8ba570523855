-- One row per definition, centre, local day and value of a dimension: contacts on whose score evaluators
-- agree.
with
    units as (select c.*, c.started_date as day from {{ ref("int_quality__contacts") }} as c),

    {{
        daily_metrics(
            {
                "M24": {"share": "is_scored_alike", "of": "is_double_scored"},
                "M24_calibration": {
                    "share": "is_scored_alike",
                    "of": "is_double_scored and is_calibrated",
                },
            },
            ["channel", "reason", "team"],
        )
    }}
