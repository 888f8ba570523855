-- One row per centre and customer id that was merged away: the id that survives all merges.
-- It stands for the other in all history. When it happened is known if an earlier state was delivered.
with
    edges as (
        select distinct centre, customer_id, merged_into
        from {{ ref("int_entity__customers") }}
        where merged_into <> customer_id
    ),

    ids as (
        select
            centre,
            customer_id,
            {{ hash_key(["centre", "customer_id"]) }} as node,
            bool_or(is_merged) as is_merged
        from
            (
                select centre, customer_id, true as is_merged
                from edges
                union all
                select centre, merged_into, false
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

    -- Where ids are merged into each other none survives by itself: the smallest is taken.
    survivors as (
        select
            c.label,
            coalesce(min(i.customer_id) filter (where not i.is_merged), min(i.customer_id)) as customer_id
        from components as c
        inner join ids as i on c.node = i.node
        group by c.label
    ),

    told as (
        select centre, customer_id, min(delivered_at) as merged_at, min(state_seq) as first_merged_seq
        from {{ ref("int_identity__customer_states") }}
        where merged_into is not null
        group by centre, customer_id
    )

select
    i.centre,
    i.customer_id as merged_customer_id,
    s.customer_id,
    case when t.first_merged_seq > 1 then t.merged_at end as merged_at
from ids as i
inner join components as c on i.node = c.node
inner join survivors as s on c.label = s.label
left join told as t on i.centre = t.centre and i.customer_id = t.customer_id
where i.customer_id <> s.customer_id
