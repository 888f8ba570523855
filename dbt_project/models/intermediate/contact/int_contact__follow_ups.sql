-- One row per chain of contacts that a customer began, by its first contact: whether the customer came back
-- soon.
-- A call that we made, or promised, is no return. A return for an unknown reason may be one for the same
-- reason, and without a customer nothing is known. A window whose end lies after the data is not over.
{% set windows = {
    "short": "repeat_window_short_days",
    "medium": "repeat_window_medium_days",
    "long": "repeat_window_long_days",
} %}
with
    chain_contacts as (
        select
            c.*,
            row_number() over (
                partition by chain_key order by started_at nulls last, contact_key nulls last
            ) as chain_seq
        from {{ ref("int_contact__enriched") }} as c
        where coalesce(is_customer_initiated, true)
    ),

    first_contacts as (
        select
            contact_key,
            source_instance,
            customer_key,
            reason,
            started_at,
            case when not coalesce(is_callback, false) then started_at end as returned_at,
            case
                when not coalesce(is_callback, false) and reason is null then started_at
            end as returned_for_unknown_at
        from chain_contacts
        where chain_seq = 1
    ),

    next_contacts as (
        select
            f.*,
            {% for column, value, partition in [
                ("next_at", "returned_at", "customer_key"),
                ("next_same_reason_at", "returned_at", "customer_key, reason"),
                ("next_unknown_reason_at", "returned_for_unknown_at", "customer_key"),
            ] %}
                min({{ value }}) over (
                    partition by {{ partition }}
                    order by started_at nulls last, contact_key nulls last
                    rows between 1 following and unbounded following
                ) as {{ column }}
                {% if not loop.last %}, {% endif %}
            {% endfor %}
        from first_contacts as f
    )

select
    n.contact_key
    {% for window, days in windows.items() %}
        {% set until = dbt.dateadd("day", threshold_literal(days), "n.started_at") %},
        {{ until }} <= s.as_of_at as is_{{ window }}_window_over,
        case
            when n.customer_key is not null then coalesce(n.next_at <= {{ until }}, false)
        end as is_{{ window }}_return,
        case
            when n.customer_key is null
            then null
            when n.reason is not null and n.next_same_reason_at <= {{ until }}
            then true
            when n.next_unknown_reason_at <= {{ until }} or (n.reason is null and n.next_at <= {{ until }})
            then null
            else false
        end as is_{{ window }}_repeat
    {% endfor %}
from next_contacts as n
inner join {{ ref("int_source__spans") }} as s on n.source_instance = s.source_instance
