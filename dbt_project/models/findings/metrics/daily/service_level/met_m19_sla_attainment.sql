-- One row per definition, centre, local day and value of a dimension: clocks of service levels that were met.
with
    {{
        daily_metrics(
            {"M19": {"share": "is_met"}},
            ["sla_metric", "policy", "priority", "team"],
            units=ref("int_sla__due_clocks"),
        )
    }}
