-- One row per day that the data reach up to and contact that quality assurance should evaluate next.
with
    draws as (
        select
            f.*,
            a.n_contacts,
            a.n_drawn,
            row_number() over (
                partition by f.group_key order by f.draw_order nulls last, f.contact_key nulls last
            ) as draw_number
        from {{ ref("int_quality__plan_frames") }} as f
        inner join {{ ref("int_quality__plan_allocations") }} as a on f.group_key = a.group_key
    )

select
    centre,
    as_of,
    source_instance,
    contact_id,
    stratum,
    case when is_census then 'escalated_journey' else 'stratum' end as selected_because,
    cast(n_drawn as double) / n_contacts as inclusion_probability,
    -- Strata take turns, so that whoever stops early has seen a share of each.
    cast(
        row_number() over (
            partition by centre
            order by
                case when is_census then 0 else 1 end nulls last,
                cast(draw_number as double) / n_drawn nulls last,
                draw_order nulls last,
                contact_key nulls last
        ) as bigint
    ) as priority,
    cast({{ threshold("qa_plan_seed") }} as bigint) as seed
from draws
where draw_number <= n_drawn
