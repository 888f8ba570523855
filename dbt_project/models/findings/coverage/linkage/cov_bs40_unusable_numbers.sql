-- One row per source instance, team, reason, channel and day: calls of customers, by their number.
-- A number that is withheld, unreadable or shared by many names nobody.
with
    findings as (
        select
            {{ contact_dimensions("c") }},
            coalesce(c.ani_status, 'withheld') not in ('valid', 'possible')
            or coalesce(
                c.n_customers_of_number > {{ threshold("shared_number_customers") }}, false
            ) as is_affected,
            false as is_undecidable
        from {{ ref("int_contact__enriched") }} as c
        where
            {{ is_word("c.channel", "contacts.channel", ["voice"]) }}
            and coalesce(c.is_customer_initiated, true)
    )

    {{ counted("findings") }}
