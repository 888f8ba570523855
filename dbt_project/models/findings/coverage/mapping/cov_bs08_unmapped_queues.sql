-- One row per source instance, team, reason, channel and day: legs that went through a queue.
with
    findings as (
        select {{ leg_dimensions("l", "c") }}, l.queue_group is null as is_affected, false as is_undecidable
        from {{ ref("int_contact__legs") }} as l
        inner join {{ ref("int_contact__enriched") }} as c on l.contact_key = c.contact_key
        where l.queue_id is not null
    )

    {{ counted("findings") }}
