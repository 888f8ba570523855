-- One row per definition, centre, local day and value of a dimension: resolved cases that were opened again.
with
    {{
        daily_metrics(
            {
                "M13": {"share": "is_reopened"},
                "M13_vendor": {"share": "vendor_reopen_count > 0"},
            },
            ["channel", "reason", "team"],
            units=ref("int_metric__resolved_cases"),
        )
    }}
