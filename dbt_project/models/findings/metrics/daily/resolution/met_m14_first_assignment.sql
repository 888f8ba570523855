-- One row per definition, centre, local day and value of a dimension: resolved cases that one team kept.
with
    {{
        daily_metrics(
            {
                "M14": {"share": "n_handoffs = 0"},
                "M14_vendor": {"share": "vendor_reassignment_count = 0"},
            },
            ["channel", "reason", "team"],
            units=ref("int_metric__resolved_cases"),
        )
    }}
