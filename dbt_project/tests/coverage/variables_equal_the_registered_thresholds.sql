-- Returns rows (failure) for every variable of the project that differs from the threshold of the same
-- name.
{% set names = [
    "journey_gap_same_reason_days",
    "journey_gap_unknown_reason_hours",
    "journey_close_days",
    "baseline_weeks",
    "case_link_hours",
    "history_neighbours",
] %}
with
    variables as (
        {% for name in names %}
            select '{{ name }}' as threshold_id, cast({{ var(name) }} as double) as value
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select v.threshold_id, v.value as variable_value, t.value as threshold_value
from variables as v
left join {{ ref("thresholds") }} as t on v.threshold_id = t.threshold_id
where t.value is null or t.value <> v.value
