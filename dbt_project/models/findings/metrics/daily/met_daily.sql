-- One row per definition of a metric, centre, local day and value of a dimension: what its value is made
-- from.
{% for model in daily_metric_models().values() | unique %}
    select
        definition_id,
        centre,
        day,
        dimension,
        value,
        numerator,
        denominator,
        n_undecidable,
        {{ metric_quantiles() | join(", ") }}
    from {{ ref(model) }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
