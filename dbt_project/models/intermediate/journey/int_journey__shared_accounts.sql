-- One row per customer with more items within one gap than one person has.
with
    account_items as (
        select
            customer_key,
            count(*) over (
                partition by customer_key
                order by
                    started_at nulls last
                    range
                    between interval {{ threshold_literal("journey_gap_same_reason_days") }} day preceding
                    and current row
            ) as n_within_gap
        from {{ ref("int_journey__candidates") }}
        where customer_key is not null
    )

select distinct customer_key
from account_items
where n_within_gap > {{ threshold("shared_account_cases") }}
