-- One row per centre, identifier, customer and time, with the number of customers that had it then.
with
    -- Most identifiers belong to one customer at all times; only the times of the others need comparing.
    disputed_identifiers as (
        select centre, identifier_kind, identifier
        from {{ ref("int_identity__listed_identifiers") }}
        group by centre, identifier_kind, identifier
        having count(*) > 1
    ),

    rival_lists as (
        select h.*
        from {{ ref("int_identity__listed_identifiers") }} as h
        inner join
            disputed_identifiers as d
            on h.centre = d.centre
            and h.identifier_kind = d.identifier_kind
            and h.identifier = d.identifier
    ),

    moments as (
        select centre, identifier_kind, identifier, valid_from as moment
        from rival_lists
        union
        select centre, identifier_kind, identifier, valid_to
        from rival_lists
    ),

    shared_times as (
        select
            centre,
            identifier_kind,
            identifier,
            moment as valid_from,
            lead(moment) over (
                partition by centre, identifier_kind, identifier order by moment nulls last
            ) as valid_to
        from moments
    ),

    holders as (
        select
            t.centre,
            t.identifier_kind,
            t.identifier,
            t.valid_from,
            t.valid_to,
            h.customer_id,
            bool_or(h.is_internal) as is_internal
        from shared_times as t
        inner join
            rival_lists as h
            on t.centre = h.centre
            and t.identifier_kind = h.identifier_kind
            and t.identifier = h.identifier
            and t.valid_from >= h.valid_from
            and t.valid_to <= h.valid_to
        group by 1, 2, 3, 4, 5, 6
    )

select
    centre,
    identifier_kind,
    identifier,
    valid_from,
    valid_to,
    customer_id,
    count(*) over (partition by centre, identifier_kind, identifier, valid_from) as n_customers_sharing,
    bool_or(is_internal) over (partition by centre, identifier_kind, identifier, valid_from) as is_internal
from holders
union all
select
    h.centre,
    h.identifier_kind,
    h.identifier,
    h.valid_from,
    h.valid_to,
    h.customer_id,
    1 as n_customers_sharing,
    h.is_internal
from {{ ref("int_identity__listed_identifiers") }} as h
left join
    disputed_identifiers as d
    on h.centre = d.centre
    and h.identifier_kind = d.identifier_kind
    and h.identifier = d.identifier
where d.identifier is null and h.valid_from < h.valid_to
