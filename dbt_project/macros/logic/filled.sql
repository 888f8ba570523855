{# The first value of an expression in the order of another, of the rows that have one; NULL where none has. #}
{% macro first_filled(value, order) %}
    min_by({{ value }}, {{ order }}) filter (where {{ value }} is not null)
{% endmacro %}

{# The last such value. #}
{% macro last_filled(value, order) %}
    max_by({{ value }}, {{ order }}) filter (where {{ value }} is not null)
{% endmacro %}

{# The first value by a time that several rows may share; of values of one moment the smallest. #}
{% macro earliest_filled(value, moment) %}
    min_by({{ value }}, {{ row_of([moment, value]) }}) filter (
        where {{ value }} is not null and {{ moment }} is not null
    )
{% endmacro %}

{# The last value by such a time; of values of one moment the largest. #}
{% macro latest_filled(value, moment) %}
    max_by({{ value }}, {{ row_of([moment, value]) }}) filter (
        where {{ value }} is not null and {{ moment }} is not null
    )
{% endmacro %}
