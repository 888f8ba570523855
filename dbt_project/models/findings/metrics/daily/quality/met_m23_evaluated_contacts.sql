-- One row per definition, centre, local day and value of a dimension: contacts that were evaluated.
-- Of days for which nobody delivers evaluations, a contact without one is undecided.
with
    units as (
        select
            c.*,
            c.started_date as day,
            {% for column in ["is_evaluated", "has_human_evaluation", "has_automatic_evaluation"] %}
                case
                    when c.{{ column }} or c.started_date between e.first_date and e.last_date
                    then c.{{ column }}
                end as {{ column }}_in_span
                {% if not loop.last %},{% endif %}
            {% endfor %}
        from {{ ref("int_quality__contacts") }} as c
        inner join {{ ref("int_source__entities") }} as e on c.centre = e.centre and e.entity = 'evaluations'
    ),

    {{
        daily_metrics(
            {
                "M23a": {"share": "is_evaluated_in_span", "of": "is_eligible"},
                "M23a_of_all": {"share": "is_evaluated_in_span"},
                "M23a_human": {"share": "has_human_evaluation_in_span", "of": "is_eligible"},
                "M23a_automatic": {"share": "has_automatic_evaluation_in_span", "of": "is_eligible"},
            },
            ["channel", "reason", "team", "queue_group"],
        )
    }}
