-- One row per source instance, team, reason, channel and day: contacts and cases of which it is known
-- whether they are internal.
with
    customers as (
        select customer_key, bool_or(is_internal) as is_internal
        from {{ ref("int_entity__customers") }}
        group by customer_key
    ),

    findings as (
        select {{ contact_dimensions("c") }}, c.is_internal as is_affected, false as is_undecidable
        from {{ ref("int_contact__enriched") }} as c
        left join customers as u on c.customer_key = u.customer_key
        where c.ani_status is not null or u.is_internal is not null
        union all
        select {{ case_dimensions("c", "s") }}, u.is_internal, false
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        inner join customers as u on c.customer_key = u.customer_key and u.is_internal is not null
        where not coalesce(c.is_deleted, false)
    )

    {{ counted("findings") }}
