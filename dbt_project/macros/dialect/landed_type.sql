{# The engine's name of a type of the source contract. #}
{% macro landed_type(type) %} {{ return(adapter.dispatch("landed_type", "faultline")(type)) }} {% endmacro %}

{% macro default__landed_type(type) %}
    {% set lists = ["list", "phones"] %}
    {% set types = {"ts": "timestamp", "date": "date", "int": "bigint", "num": "double", "bool": "boolean"} %}
    {{ return("array<string>" if type in lists else types.get(type, "string")) }}
{% endmacro %}

{% macro duckdb__landed_type(type) %}
    {% set lists = ["list", "phones"] %}
    {% set types = {"ts": "timestamp", "date": "date", "int": "bigint", "num": "double", "bool": "boolean"} %}
    {{ return("varchar[]" if type in lists else types.get(type, "varchar")) }}
{% endmacro %}
