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

{# Whether a list of words holds a word, however customers spell the words of the list. A list without words admits
   every word; of an unknown word nothing is known. #}
{% macro admits(list, word) %}
    {{ return(adapter.dispatch("admits", "faultline")(list, word)) }}
{% endmacro %}

{% macro default__admits(list, word) %}
    case
        when coalesce(size({{ list }}), 0) < 1
        then true
        when {{ word }} is not null
        then exists ({{ list }}, x -> {{ folded_word("x") }} = {{ folded_word(word) }})
    end
{% endmacro %}

{% macro duckdb__admits(list, word) %}
    case
        when coalesce(len({{ list }}), 0) = 0
        then true
        when {{ word }} is not null
        then list_contains([{{ folded_word("x") }} for x in {{ list }}], {{ folded_word(word) }})
    end
{% endmacro %}
