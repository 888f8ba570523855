{# Rows of a raw table known at the moment looked from, the newest version of each key; or, with
   `versions`, the newest version at the moment of each delivery.

   Among deliveries of the same moment the greatest content wins, so file order never matters. #}
{% macro staged(table, schema="raw_mapped", versions=false) %}
    {%- set spec = raw_tables()[schema ~ "." ~ table] -%}
    {%- set columns = spec["columns"] -%}
    with
        known as (
            select source.*
            from {{ source(schema, table) }} as source
            {% if spec.event_at -%}
                cross join {{ source("raw_faultline", "parameters") }} as parameters
                where
                    parameters.as_of_at is null
                    or source.{{ spec.event_at }} is null
                    or source.{{ spec.event_at }} <= parameters.as_of_at
            {%- endif %}
        )
    select
        centre,
        source_instance,
        {% for c in columns %} {{ adapter.quote(c) }} as {{ c }}, {% endfor %} _delivered_at as delivered_at
    from known
    qualify
        row_number() over (
            partition by
                source_instance, {{ spec.key | join(", ") }} {%- if versions %}, _delivered_at{% endif %}
            order by
                {% for c in spec.version_at %} {{ c }} desc nulls last, {% endfor %}
                _delivered_at desc,
                {% for c in columns if c not in spec.key %} {{ c }} desc nulls last, {% endfor %}
                _delivery_id desc
        )
        = 1
{% endmacro %}
