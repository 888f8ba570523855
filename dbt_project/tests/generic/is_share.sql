{# Fails on values outside 0 to 1; NULL is undecidable and passes. #}
{% test is_share(model, column_name) %}
    select {{ column_name }} from {{ model }} where {{ column_name }} < 0 or {{ column_name }} > 1 + 1e-9
{% endtest %}
