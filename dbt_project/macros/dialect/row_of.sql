{# Several values as one, which compares by the first of them, then by the second, and so on. #}
{% macro row_of(values) %} {{ return(adapter.dispatch("row_of", "faultline")(values)) }} {% endmacro %}

{% macro default__row_of(values) %} struct({{ values | join(", ") }}) {% endmacro %}

{% macro duckdb__row_of(values) %} row({{ values | join(", ") }}) {% endmacro %}
