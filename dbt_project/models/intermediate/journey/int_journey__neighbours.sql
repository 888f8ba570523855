-- One row per tie without any reason that has a neighbour: the nearest item of the same customer whose
-- reason is known (rule J4). One, because two neighbours would join two reasons.
with
    unknown_ties as (
        select t.tie_key
        from {{ ref("int_journey__ties") }} as t
        inner join {{ ref("int_journey__candidates") }} as i on t.item_key = i.item_key
        group by t.tie_key
        having count(i.reason) = 0
    ),

    unknown_items as (
        select t.tie_key, i.item_key, i.customer_key, i.customer_link_confidence, i.started_at, i.ended_at
        from unknown_ties as u
        inner join {{ ref("int_journey__ties") }} as t on u.tie_key = t.tie_key
        inner join {{ ref("int_journey__candidates") }} as i on t.item_key = i.item_key
        left join {{ ref("int_journey__shared_accounts") }} as s on i.customer_key = s.customer_key
        where i.customer_key is not null and s.customer_key is null
    ),

    candidates as (
        select
            u.tie_key,
            u.item_key,
            k.item_key as neighbour_key,
            least(
                cast(0.60 as double), u.customer_link_confidence, k.customer_link_confidence
            ) as link_confidence,
            row_number() over (
                partition by u.tie_key
                order by
                    greatest(
                        0,
                        {{ dbt.datediff("k.ended_at", "u.started_at", "second") }},
                        {{ dbt.datediff("u.ended_at", "k.started_at", "second") }}
                    ) nulls last,
                    k.started_at nulls last,
                    k.item_key nulls last,
                    u.item_key nulls last
            ) as nearness
        from unknown_items as u
        inner join
            {{ ref("int_journey__candidates") }} as k
            on u.customer_key = k.customer_key
            and k.reason is not null
            and k.started_at
            <= {{ dbt.dateadd("hour", threshold_literal("journey_gap_unknown_reason_hours"), "u.ended_at") }}
            and k.ended_at
            >= {{
                dbt.dateadd(
                    "hour",
                    "-1 * " ~ threshold_literal("journey_gap_unknown_reason_hours"),
                    "u.started_at",
                )
            }}
    )

select tie_key, item_key, neighbour_key, link_confidence
from candidates
where nearness = 1
