{# Columns of an entity that a vendor's export does not hold, as NULL of the right type.

   Their absence shows as blind spots where it matters. #}
{% macro null_columns(entity, columns) %}
    {%- set types = contract()[entity] -%}
    {%- for column in columns %}
        cast(null as {{ landed_type(types[column]) }}) as {{ column }} {%- if not loop.last %},{% endif %}
    {%- endfor %}
{% endmacro %}
