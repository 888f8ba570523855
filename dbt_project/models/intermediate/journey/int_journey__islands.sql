-- One row per item of a known customer and reason: its island, the items of both without a longer pause
-- (rule J3). Shared accounts have none: there, customer and reason prove nothing.
with
    personal_items as (
        select
            i.item_key,
            i.centre,
            i.customer_id,
            i.customer_key,
            i.reason,
            i.started_at,
            i.ended_at,
            least(cast(0.85 as double), i.customer_link_confidence) as link_confidence
        from {{ ref("int_journey__candidates") }} as i
        left join {{ ref("int_journey__shared_accounts") }} as s on i.customer_key = s.customer_key
        where i.customer_key is not null and i.reason is not null and s.customer_key is null
    ),

    item_gaps as (
        select
            p.*,
            max(ended_at) over (
                partition by customer_key, reason
                order by started_at nulls last, item_key nulls last
                rows between unbounded preceding and 1 preceding
            ) as latest_end
        from personal_items as p
    ),

    item_islands as (
        select
            s.*,
            sum(
                case
                    when
                        latest_end is null
                        or started_at
                        > {{
                            dbt.dateadd(
                                "day", threshold_literal("journey_gap_same_reason_days"), "latest_end"
                            )
                        }}
                    then 1
                    else 0
                end
            ) over (
                partition by customer_key, reason
                order by started_at nulls last, item_key nulls last
                rows between unbounded preceding and current row
            ) as island_number
        from item_gaps as s
    )

select
    item_key,
    {{ hash_key(["'J3'", "centre", "customer_id", "reason", "island_number"]) }} as island_key,
    link_confidence
from item_islands
