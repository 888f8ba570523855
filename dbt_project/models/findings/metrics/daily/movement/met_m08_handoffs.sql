-- One row per definition, centre, local day and value of a dimension: how often journeys went from team to
-- team.
-- Each case and each chain of contacts is a sequence of its own; a journey adds them up.
with
    units as (
        select
            centre,
            started_date as day,
            first_channel as channel,
            reason,
            n_handoffs,
            n_handoffs_settled,
            n_returns_direct > 0 as has_direct_return,
            n_returns_any > 0 as has_return
        from {{ ref("int_journey__journeys") }}
    ),

    {{
        daily_metrics(
            {
                "M8": {"mean": "n_handoffs"},
                "M8_settled": {"mean": "n_handoffs_settled"},
                "M8_direct_returns": {"share": "has_direct_return"},
                "M8_any_returns": {"share": "has_return"},
            },
            ["channel", "reason"],
        )
    }}
