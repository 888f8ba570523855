-- One row per definition, centre, local day and value of a dimension: clocks that got more time after their
-- start.
with
    {{
        daily_metrics(
            {"M20b": {"share": "is_loosened_after_start"}},
            ["sla_metric", "policy", "priority", "team"],
            units=ref("int_sla__due_clocks"),
        )
    }}
