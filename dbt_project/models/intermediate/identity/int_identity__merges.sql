-- One row per centre and customer id that another one stands for, with the id that survives.
-- It was merged away (`merge`), or a customer lists it among its ids in other systems (`other_id`).
-- The surviving id stands for the other in all history. When a merge happened is known if an earlier state
-- was delivered.
with
    merges as (
        select distinct centre, customer_id, merged_into
        from {{ ref("int_entity__customers") }}
        where merged_into <> customer_id
    ),

    -- `replacement` is 2 for a merged id, 1 for an id of another system, 0 for an id that replaces others.
    edges as (
        select centre, customer_id, merged_into, 2 as replacement
        from merges
        union all
        select centre, other_id, customer_id, 1 as replacement
        from {{ ref("int_identity__other_ids") }}
    ),

    ids as (
        select
            centre,
            customer_id,
            {{ hash_key(["centre", "customer_id"]) }} as node,
            max(replacement) as replacement
        from
            (
                select centre, customer_id, replacement
                from edges
                union all
                select centre, merged_into, 0
                from edges
            ) as named
        group by centre, customer_id
    ),

    pairs as (
        select
            {{ hash_key(["centre", "customer_id"]) }} as node,
            {{ hash_key(["centre", "merged_into"]) }} as neighbour
        from edges
    ),

    {{ connected_components("pairs") }},

    -- In a circle of ids none survives by itself: the smallest id that was not merged is taken, or else the
    -- smallest of all.
    survivors as (
        select
            c.label,
            coalesce(
                min(i.customer_id) filter (where i.replacement = 0),
                min(i.customer_id) filter (where i.replacement = 1),
                min(i.customer_id)
            ) as customer_id
        from components as c
        inner join ids as i on c.node = i.node
        group by c.label
    ),

    recorded_merges as (
        select centre, customer_id, min(delivered_at) as merged_at, min(state_seq) as first_merged_seq
        from {{ ref("int_identity__customer_states") }}
        where merged_into is not null
        group by centre, customer_id
    )

select
    i.centre,
    i.customer_id as merged_customer_id,
    s.customer_id,
    case when i.replacement = 2 then 'merge' else 'other_id' end as method,
    case when r.first_merged_seq > 1 then r.merged_at end as merged_at
from ids as i
inner join components as c on i.node = c.node
inner join survivors as s on c.label = s.label
left join recorded_merges as r on i.centre = r.centre and i.customer_id = r.customer_id
where i.customer_id <> s.customer_id
