-- One row per case id that was merged into another: the delivered case that stands for it.
-- A chain leads to its last case; if nobody delivered that one, to the delivered case nearest to it. Of
-- cases that were merged in a circle the smallest id stands for all.
with
    case_ids as (select * from {{ ref("int_entity__case_ids") }}),

    edges as (
        select distinct
            {{ entity_key("case", "i") }} as case_key,
            {{ hash_key(["'case'", "i.source_instance", "i.merged_into"]) }} as merged_into_key,
            centre,
            source_instance,
            case_id,
            merged_into
        from case_ids as i
        where merged_into <> case_id
    ),

    ends as (
        select case_key, merged_into_key, centre, source_instance, case_id, merged_into
        from edges
        union all
        select merged_into_key, null, centre, source_instance, merged_into, null
        from edges
    ),

    delivered as (
        select {{ entity_key("case", "i") }} as case_key, centre, source_instance, case_id
        from case_ids as i
        where case_id in (select e.case_id from ends as e)
        group by centre, source_instance, case_id
    ),

    cases as (
        select
            e.centre,
            e.source_instance,
            e.case_id,
            e.case_key as node,
            count(e.merged_into) > 0 as is_merged,
            count(d.case_id) > 0 as is_delivered,
            count(n.case_id) > 0 as is_next_delivered
        from ends as e
        left join delivered as d on e.case_key = d.case_key
        left join delivered as n on e.merged_into_key = n.case_key
        group by e.centre, e.source_instance, e.case_id, e.case_key
    ),

    pairs as (select case_key as node, merged_into_key as neighbour from edges),

    {{ connected_components("pairs") }},

    ranked as (
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

    -- Systems that name cases of another one, such as telephony, say nothing of its instance.
    instances as (
        select centre, case_id, count(distinct source_instance) as n_instances
        from
            (
                select centre, source_instance, case_id
                from delivered
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
from ranked as r
inner join ranked as s on r.label = s.label and s.choice = 1
inner join instances as i on r.centre = i.centre and r.case_id = i.case_id
where r.choice > 1
