-- One row per definition, centre, local day and value of a dimension: stays in queues that ended in time.
-- The formulas differ in how they count customers who hung up before an answer.
{% set is_offered = "is_answered or is_abandoned" %}
{% set is_answered_in_time = "is_answered and is_within_target" %}
with
    {{
        daily_metrics(
            {
                "M3_sl1": {"of": is_offered, "share": "is_within_target"},
                "M3_sl2": {"of": "is_answered", "share": "is_within_target"},
                "M3_sl3": {"of": is_offered, "share": is_answered_in_time},
                "M3_sl4": {
                    "of": "is_answered or (is_abandoned and not is_within_target)",
                    "share": is_answered_in_time,
                },
                "M3_sl5": {"of": is_offered, "share": is_answered_in_time ~ " or is_short_abandon"},
                "M3_sl6": {
                    "share": "is_within_target and (is_answered or is_abandoned or is_callback_requested)",
                },
                "M3_sl7": {"of": is_offered, "share": is_answered_in_time},
                "M3_sl7_flow_outs": {
                    "of": is_offered ~ " or is_flow_out",
                    "share": is_answered_in_time,
                },
                "M3_sl7_without_short": {
                    "of": "is_answered or (is_abandoned and not is_short_abandon)",
                    "share": is_answered_in_time,
                },
                "M3_sl7_without_abandoned": {"of": "is_answered", "share": "is_within_target"},
            },
            ["channel", "queue_group", "queue"],
            units=ref("int_contact__queue_stays"),
        )
    }}
