-- One row per definition, centre, local day and value of a dimension: how often journeys changed teams.
-- Each case and each chain of contacts is a sequence of its own; a journey adds them up.
with
    {{
        daily_metrics(
            {
                "M8": {"mean": "n_handoffs"},
                "M8_settled": {"mean": "n_handoffs_settled"},
                "M8_direct_returns": {"share": "n_returns_direct > 0"},
                "M8_any_returns": {"share": "n_returns_any > 0"},
            },
            ["channel", "reason"],
            units=ref("int_metric__journeys"),
        )
    }}
