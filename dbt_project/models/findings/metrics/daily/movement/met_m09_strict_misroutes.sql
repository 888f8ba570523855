-- One row per definition, centre, local day and value of a dimension: legs in a group that was not expected.
-- Their agents lacked the required skill, too.
with
    {{
        daily_metrics(
            {"M9s": {"share": "is_misroute_strict", "of": "is_route_expected"}},
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__routed_legs"),
        )
    }}
