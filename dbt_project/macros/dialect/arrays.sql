{# An array of one value. #}
{% macro array_of(value) %} {{ return(adapter.dispatch("array_of", "faultline")(value)) }} {% endmacro %}

{% macro default__array_of(value) %} array({{ value }}) {% endmacro %}

{% macro duckdb__array_of(value) %}[{{ value }}] {% endmacro %}

{# Each item of an array in a row of its own; no row without items. #}
{% macro each_item(column) %} {{ return(adapter.dispatch("each_item", "faultline")(column)) }} {% endmacro %}

{% macro default__each_item(column) %} explode({{ column }}) {% endmacro %}

{% macro duckdb__each_item(column) %} unnest({{ column }}) {% endmacro %}

{# Aggregate: the distinct values of arrays, in order. #}
{% macro joined_arrays(column) %}
    {{ return(adapter.dispatch("joined_arrays", "faultline")(column)) }}
{% endmacro %}

{% macro default__joined_arrays(column) %}
    array_sort(array_distinct(flatten(collect_list({{ column }}))))
{% endmacro %}

{% macro duckdb__joined_arrays(column) %} list_sort(list_distinct(flatten(list({{ column }})))) {% endmacro %}
