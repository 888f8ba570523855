{# Keeps an engine from computing a CTE anew for every reference to it. #}
{% macro materialized() %} {{ return(adapter.dispatch("materialized", "faultline")()) }} {% endmacro %}

{% macro default__materialized() %} {% endmacro %}

{% macro duckdb__materialized() %} materialized {% endmacro %}
