-- One row per journey and metric it is exposed to; the outcome is NULL where undecidable.
{{ config(contract={"enforced": true}) }}
{% for metric_id, model in metric_models().items() %}
    select '{{ metric_id }}' as metric_id, centre, journey_key, started_date, outcome
    from {{ ref(model) }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
