-- One row per source instance, team, reason, channel and day: legs with an agent, and cases with an owner.
with
    findings as (
        select {{ leg_dimensions("l", "c") }}, not l.is_agent_mapped as is_affected, false as is_undecidable
        from {{ ref("int_contact__legs") }} as l
        inner join {{ ref("int_contact__enriched") }} as c on l.contact_key = c.contact_key
        where l.agent_id is not null
        union all
        select
            {{ case_dimensions("c", "s") }},
            max(case when a.agent_id is not null then 1 else 0 end) = 0,
            false
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        left join
            {{ ref("int_organisation__agents") }} as a
            on c.centre = a.centre
            and c.owner_id = coalesce(a.crm_user_id, a.agent_id)
        where c.owner_id is not null and not coalesce(c.is_deleted, false)
        group by 1, 2, 3, 4, 5, 6, c.case_key
    )

    {{ counted("findings") }}
