-- One row per case id that was merged into another: the delivered case that stands for it.
-- A chain of merges ends in its last case; if that one was not delivered, in the delivered case nearest to
-- it.
-- Of cases that were merged in a circle the one with the smallest id stands for all.
with
    edges as (
        select distinct
            {{ entity_key("case", "i") }} as node,
            {{ hash_key(["'case'", "i.source_instance", "i.merged_into"]) }} as neighbour,
            centre,
            source_instance,
            case_id,
            merged_into
        from {{ ref("int_entity__case_ids") }} as i
        where merged_into <> case_id
    ),

    ends as (
        select node, neighbour, centre, source_instance, case_id, merged_into
        from edges
        union all
        select neighbour, null, centre, source_instance, merged_into, null
        from edges
    ),

    delivered_cases as (
        select distinct {{ entity_key("case", "i") }} as case_key, centre, source_instance, case_id
        from {{ ref("int_entity__case_ids") }} as i
        where case_id in (select e.case_id from ends as e)
    ),

    cases as (
        select
            e.centre,
            e.source_instance,
            e.case_id,
            e.node,
            count(e.merged_into) > 0 as is_merged,
            count(d.case_id) > 0 as is_delivered,
            count(n.case_id) > 0 as is_next_delivered
        from ends as e
        left join delivered_cases as d on e.node = d.case_key
        left join delivered_cases as n on e.neighbour = n.case_key
        group by e.centre, e.source_instance, e.case_id, e.node
    ),

    {{ connected_components("edges") }},

    case_choices as (
        select
            c.*,
            m.label,
            row_number() over (
                partition by m.label
                order by
                    case when c.is_delivered then 0 else 1 end nulls last,
                    case when c.is_merged then 1 else 0 end nulls last,
                    case when c.is_next_delivered then 1 else 0 end nulls last,
                    c.case_id nulls last
            ) as choice
        from cases as c
        inner join components as m on c.node = m.node
    ),

    -- Telephony names a case of the CRM without its source: such an id must be unique in the centre.
    instances as (
        select centre, case_id, count(distinct source_instance) as n_instances
        from
            (
                select centre, source_instance, case_id
                from delivered_cases
                union all
                select centre, source_instance, case_id
                from ends
            ) as named
        group by centre, case_id
    )

select
    r.centre,
    r.source_instance,
    r.node as merged_case_key,
    r.case_id as merged_case_id,
    s.node as case_key,
    s.case_id,
    i.n_instances = 1 as is_unique_in_centre
from case_choices as r
inner join case_choices as s on r.label = s.label and s.choice = 1
inner join instances as i on r.centre = i.centre and r.case_id = i.case_id
where r.choice > 1
