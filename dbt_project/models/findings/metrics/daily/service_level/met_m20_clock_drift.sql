-- One row per definition, centre, local day and value of a dimension: how much of their time clocks were
-- paused.
with
    {{
        daily_metrics(
            {"M20c": {"mean": "paused_share", "of": "elapsed_seconds > 0"}},
            ["sla_metric", "policy", "priority", "team"],
            units=ref("int_sla__due_clocks"),
        )
    }}
