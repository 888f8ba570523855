-- One row per definition, centre, local day and value of a dimension: transfers that nobody announced.
-- The team is the one that received the contact.
{% set is_transfer = is_word("transfer_type", "legs.transfer_type", ["blind", "consult", "unspecified"]) %}
{% set is_cold = is_word("nullif(transfer_type, 'unspecified')", "legs.transfer_type", ["blind"]) %}
with
    {{
        daily_metrics(
            {
                "M7c": {"of": is_transfer, "share": is_cold},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__legs"),
            where="position > 1 and coalesce(is_customer_initiated, true)",
        )
    }}
