{# An array of one value. #}
{% macro array_of(value) %} {{ return(adapter.dispatch("array_of", "faultline")(value)) }} {% endmacro %}

{% macro default__array_of(value) %} array({{ value }}) {% endmacro %}

{% macro duckdb__array_of(value) %}[{{ value }}] {% endmacro %}

{# Aggregate: the distinct values of arrays, in order. #}
{% macro joined_arrays(column) %}
    {{ return(adapter.dispatch("joined_arrays", "faultline")(column)) }}
{% endmacro %}

{% macro default__joined_arrays(column) %}
    array_sort(array_distinct(flatten(collect_list({{ column }}))))
{% endmacro %}

{% macro duckdb__joined_arrays(column) %} list_sort(list_distinct(flatten(list({{ column }})))) {% endmacro %}
