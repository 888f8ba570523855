{# The first value of an expression in the order of another, of the rows that have one; NULL where none has. #}
{% macro first_filled(value, order) %}
    min_by({{ value }}, {{ order }}) filter (where {{ value }} is not null)
{% endmacro %}

{# The last such value. #}
{% macro last_filled(value, order) %}
    max_by({{ value }}, {{ order }}) filter (where {{ value }} is not null)
{% endmacro %}
