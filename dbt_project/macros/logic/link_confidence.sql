{# How sure a way of knowing the customer is; NULL for one that leads to nobody. #}
{% macro link_confidence(method) %}
    {%- set confidences = {
        "case_id": 1.00,
        "merge": 1.00,
        "customer_id": 0.98,
        "other_id": 0.95,
        "phone": 0.90,
        "email": 0.90,
        "shared_phone": 0.70,
    } -%}
    case
        {{ method }}
        {% for name, confidence in confidences.items() %}
            when '{{ name }}' then cast({{ confidence }} as double)
        {% endfor %}
    end
{% endmacro %}
