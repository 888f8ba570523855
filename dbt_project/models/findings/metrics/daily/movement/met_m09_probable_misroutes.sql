-- One row per definition, centre, local day and value of a dimension: first conversations that soon ended
-- in a transfer.
{% set is_misroute_within = "is_moved_elsewhere and talk_seconds <= " %}
with
    {{
        daily_metrics(
            {
                "M9p": {"share": is_misroute_within ~ threshold_literal("misroute_talk_seconds")},
                "M9p_short": {
                    "share": is_misroute_within ~ threshold_literal("misroute_talk_short_seconds")
                },
                "M9p_long": {"share": is_misroute_within ~ threshold_literal("misroute_talk_long_seconds")},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__routed_legs"),
            where="is_first_routed_leg",
        )
    }}
