{# Schemas are the layers, without a prefix per target: one warehouse file is one environment. #}
{% macro generate_schema_name(custom_schema_name, node) %}
    {{- custom_schema_name | trim if custom_schema_name else target.schema -}}
{% endmacro %}
