-- Returns rows (failure) for every identifier and time with another number of customers than its rows
-- say, or that overlaps the next.
{{ config(meta={"dagster": {"ref": {"name": "dim_identity_map"}}}) }}
with
    times as (
        select
            centre,
            identifier_kind,
            identifier,
            valid_from,
            max(valid_to) as valid_to,
            count(distinct valid_to) as n_ends,
            count(distinct customer_id) as n_customers,
            count(*) as n_rows,
            min(n_customers_sharing) as least_said,
            max(n_customers_sharing) as most_said
        from {{ ref("int_identity__identifiers") }}
        group by 1, 2, 3, 4
    ),

    ordered as (
        select
            t.*,
            lead(valid_from) over (
                partition by centre, identifier_kind, identifier order by valid_from nulls last
            ) as next_from
        from times as t
    )

select centre, identifier_kind, identifier, valid_from
from ordered
where
    n_ends > 1
    or n_rows <> n_customers
    or least_said <> n_customers
    or most_said <> n_customers
    or next_from < valid_to
