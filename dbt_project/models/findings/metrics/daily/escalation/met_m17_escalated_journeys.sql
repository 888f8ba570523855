-- One row per definition, centre, local day and value of a dimension: journeys with an escalation.
-- Several escalations of one type count once. The headline counts hierarchical escalations and those that the
-- customer demanded.
{% set types = ["functional", "hierarchical", "customer_demanded", "policy"] %}
with
    escalations as (
        select
            journey_key,
            {% for type in types %}
                {{ any_known(is_word("type", "escalations.type", [type])) }} as is_{{ type }},
            {% endfor %}
            {{ any_known(is_word("type", "escalations.type", ["hierarchical", "customer_demanded"])) }}
            as is_headline
        from {{ ref("int_journey__escalations") }}
        where origin = 'recorded' and journey_key is not null
        group by journey_key
    ),

    units as (
        select
            j.*,
            {% for type in types %}
                case when j.is_escalated then e.is_{{ type }} else j.is_escalated end as is_{{ type }},
            {% endfor %}
            case when j.is_escalated then e.is_headline else j.is_escalated end as is_headline
        from {{ ref("int_metric__journeys") }} as j
        left join escalations as e on j.journey_key = e.journey_key
    ),

    {{
        daily_metrics(
            {
                "M17a": {"share": "is_escalated"},
                "M17a_headline": {"share": "is_headline"},
                "M17a_functional": {"share": "is_functional"},
                "M17a_hierarchical": {"share": "is_hierarchical"},
                "M17a_customer_demanded": {"share": "is_customer_demanded"},
                "M17a_policy": {"share": "is_policy"},
            },
            ["channel", "reason"],
        )
    }}
