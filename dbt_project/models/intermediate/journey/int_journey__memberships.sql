-- One row per item and group that ties it to other items, with the rule that says so.
-- J1 same case, parent or recorded case id; J2 same contact chain; J3 same customer and reason
-- within the gap; J4 unknown reason, nearest neighbour of known reason. J3 and J4 are no surer than the
-- customers they rest on.
with
    items as (select * from {{ ref("int_journey__items") }}),

    explicit as (
        select
            i.item_key,
            {{ hash_key(["'J1'", "c.source_instance", "c.case_id"]) }} as group_key,
            'J1' as rule,
            cast(1.00 as double) as link_confidence
        from items as i
        inner join
            {{ ref("int_case__outcomes") }} as c
            on i.item_type = 'case'
            and i.source_instance = c.source_instance
            and i.item_id = c.case_id
        union all
        select i.item_key, {{ hash_key(["'J1'", "c.source_instance", "c.parent_case_id"]) }}, 'J1', 1.00
        from items as i
        inner join
            {{ ref("int_case__outcomes") }} as c
            on i.item_type = 'case'
            and i.source_instance = c.source_instance
            and i.item_id = c.case_id
        where c.parent_case_id is not null
        union all
        -- A recorded case id that no CRM delivered still ties its contacts together.
        select
            i.item_key,
            {{
                hash_key(
                    ["'J1'", "coalesce(c.recorded_case_source_instance, c.centre)", "c.recorded_case_id"]
                )
            }},
            'J1',
            1.00
        from items as i
        inner join
            {{ ref("int_contact__outcomes") }} as c
            on i.item_type = 'contact'
            and i.source_instance = c.source_instance
            and i.item_id = c.contact_id
        where c.recorded_case_id is not null
        union all
        select i.item_key, {{ hash_key(["'J2'", "c.source_instance", "c.chain_id"]) }}, 'J2', 1.00
        from items as i
        inner join
            {{ ref("int_contact__outcomes") }} as c
            on i.item_type = 'contact'
            and i.source_instance = c.source_instance
            and i.item_id = c.contact_id
    ),

    {{ connected_components("items", "explicit", passes=4) }},

    tied as (
        select i.*, c.label as tie, count(i.reason) over (partition by c.label) as n_reasons
        from items as i
        inner join components as c on i.item_key = c.item_key
    ),

    personal as (
        select i.*
        from tied as i
        left join
            {{ ref("int_journey__shared_accounts") }} as s
            on i.centre = s.centre
            and i.customer_id = s.customer_id
        where i.customer_id is not null and s.customer_id is null
    ),

    spaced as (
        select
            p.*,
            max(ended_at) over (
                partition by centre, customer_id, reason
                order by started_at, item_key
                rows between unbounded preceding and 1 preceding
            ) as latest_end
        from personal as p
        where reason is not null
    ),

    islands as (
        select
            s.*,
            sum(
                case
                    when
                        latest_end is null
                        or started_at
                        > {{ dbt.dateadd("day", var("journey_gap_same_reason_days"), "latest_end") }}
                    then 1
                    else 0
                end
            ) over (
                partition by centre, customer_id, reason
                order by started_at, item_key
                rows between unbounded preceding and current row
            ) as island
        from spaced as s
    ),

    -- What J1 and J2 tie together follows J4 as one, and only while none of it has a reason: two
    -- neighbours, or a neighbour beside a recorded case, would bridge two reasons.
    neighbours as (
        select
            u.item_key,
            k.item_key as neighbour_key,
            u.customer_link_confidence as item_confidence,
            k.customer_link_confidence as neighbour_confidence,
            row_number() over (
                partition by u.tie
                order by
                    greatest(
                        0,
                        {{ dbt.datediff("k.ended_at", "u.started_at", "second") }},
                        {{ dbt.datediff("u.ended_at", "k.started_at", "second") }}
                    ),
                    k.started_at,
                    k.item_key,
                    u.item_key
            ) as nearness
        from personal as u
        inner join
            personal as k
            on u.centre = k.centre
            and u.customer_id = k.customer_id
            and k.reason is not null
            and k.started_at
            <= {{ dbt.dateadd("hour", var("journey_gap_unknown_reason_hours"), "u.ended_at") }}
            and k.ended_at
            >= {{ dbt.dateadd("hour", "-1 * " ~ var("journey_gap_unknown_reason_hours"), "u.started_at") }}
        where u.n_reasons = 0
    ),

    nearest as (
        select item_key, neighbour_key, item_confidence, neighbour_confidence
        from neighbours
        where nearness = 1
    )

select item_key, group_key, rule, link_confidence
from explicit
union all
select
    item_key,
    {{ hash_key(["'J3'", "centre", "customer_id", "reason", "island"]) }},
    'J3',
    least(0.85, customer_link_confidence)
from islands
union all
select item_key, {{ hash_key(["'J4'", "item_key"]) }}, 'J4', least(0.60, item_confidence)
from nearest
union all
select neighbour_key, {{ hash_key(["'J4'", "item_key"]) }}, 'J4', least(0.60, neighbour_confidence)
from nearest
