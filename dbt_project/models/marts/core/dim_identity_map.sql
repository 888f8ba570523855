-- One row per centre, identifier, customer and time during which the same customers shared it.
-- Ids of merged customers, and ids of other systems, lead to the id that survives, so that history can be
-- restated.
select
    centre,
    identifier_kind,
    identifier,
    customer_id,
    method,
    link_confidence,
    cast(n_customers_sharing as bigint) as n_customers_sharing,
    cast(n_customers_seen as bigint) as n_customers_seen,
    is_internal,
    case when valid_from > timestamp '1900-01-01 00:00:00' then valid_from end as valid_from,
    case when valid_to < timestamp '9999-01-01 00:00:00' then valid_to end as valid_to
from {{ ref("int_identity__identifiers") }}
union all
select
    centre,
    'customer_id',
    merged_customer_id,
    customer_id,
    method,
    {{ link_confidence("method") }},
    cast(1 as bigint),
    cast(1 as bigint),
    false,
    null,
    null
from {{ ref("int_identity__merges") }}
