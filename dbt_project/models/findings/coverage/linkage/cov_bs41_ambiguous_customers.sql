-- One row per source instance, team, reason, channel and day: contacts and cases that tell of a customer.
-- What is known of a customer who may be several people is not known to be one person's.
with
    ambiguous_customers as (
        select customer_key
        from {{ ref("int_journey__shared_accounts") }}
        union
        select {{ customer_key("centre", "customer_id") }} as customer_key
        from {{ ref("int_identity__merges") }}
        where merged_at is null and method is distinct from 'other_id'
    ),

    findings as (
        select
            {{ contact_dimensions("c") }},
            coalesce(c.is_ambiguous, false) or a.customer_key is not null as is_affected,
            -- Whose number it is, and how many people's, only the CRM's records could tell.
            c.customer_id is null and not e.is_delivered as is_undecidable
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_source__entities") }} as e on c.centre = e.centre and e.entity = 'customers'
        left join ambiguous_customers as a on c.customer_key = a.customer_key
        where c.customer_id is not null or c.ani is not null or c.email is not null
        union all
        select {{ case_dimensions("c", "s") }}, a.customer_key is not null, false
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        left join ambiguous_customers as a on c.customer_key = a.customer_key
        where c.customer_id is not null and not coalesce(c.is_deleted, false)
    )

    {{ counted("findings") }}
