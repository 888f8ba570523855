{# The digits that a text ends with, at most fifteen; empty where it ends otherwise. #}
{% macro trailing_digits(text) %}
    {{ return(adapter.dispatch("trailing_digits", "faultline")(text)) }}
{% endmacro %}

{% macro default__trailing_digits(text) %} regexp_extract({{ text }}, '[0-9]{1,15}$', 0) {% endmacro %}
