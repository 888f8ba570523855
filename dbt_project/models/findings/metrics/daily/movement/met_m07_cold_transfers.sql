-- One row per definition, centre, local day and value of a dimension: transfers without a word to the
-- receiver.
-- The team is the one that received the contact.
with
    units as (
        select
            l.centre,
            c.started_date as day,
            c.channel,
            c.reason,
            l.team_id as team,
            l.queue_group,
            {{ is_word("l.transfer_type", "legs.transfer_type", ["blind", "consult", "unspecified"]) }}
            as is_transfer,
            {{ is_word("nullif(l.transfer_type, 'unspecified')", "legs.transfer_type", ["blind"]) }}
            as is_cold
        from {{ ref("int_contact__legs") }} as l
        inner join {{ ref("int_contact__enriched") }} as c on l.contact_key = c.contact_key
        where l.position > 1 and coalesce(c.is_customer_initiated, true)
    ),

    {{
        daily_metrics(
            {"M7c": {"of": "is_transfer", "share": "is_cold"}},
            ["channel", "reason", "team", "queue_group"],
        )
    }}
