{# The rows of one entity of the contract from every staging model that feeds it. #}
{% macro entity_union(entity, models) %}
    {%- for model in models %}
        select centre, source_instance, {{ contract()[entity] | join(", ") }}, delivered_at
        from {{ ref(model) }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
{% endmacro %}
