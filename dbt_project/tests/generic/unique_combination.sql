{# Fails on every combination of the columns that stands more than once. #}
{% test unique_combination(model, columns) %}
    select {{ columns | join(", ") }}, count(*) as n
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1
{% endtest %}
