-- One row per definition, centre, local day and value of a dimension: contacts after which the customer
-- came back.
-- Contacts whose time to come back has not passed do not count.
with
    {{
        daily_metrics(
            {
                "M11": {"of": "is_medium_window_over", "share": "is_medium_repeat"},
                "M11_short": {"of": "is_short_window_over", "share": "is_short_repeat"},
                "M11_long": {"of": "is_long_window_over", "share": "is_long_repeat"},
                "M11_any": {"of": "is_medium_window_over", "share": "is_medium_return"},
                "M11_any_short": {"of": "is_short_window_over", "share": "is_short_return"},
                "M11_any_long": {"of": "is_long_window_over", "share": "is_long_return"},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__followed_contacts"),
        )
    }}
