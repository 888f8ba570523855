{# The engine's name of a type of the source contract. #}
{% macro landed_type(type) %} {{ return(adapter.dispatch("landed_type", "faultline")(type)) }} {% endmacro %}

{% macro default__landed_type(type, text="string", texts="array<string>") %}
    {% set types = {"ts": "timestamp", "date": "date", "int": "bigint", "num": "double", "bool": "boolean"} %}
    {{ return(texts if type in ["list", "phones", "ids"] else types.get(type, text)) }}
{% endmacro %}

{% macro duckdb__landed_type(type) %}
    {{ return(default__landed_type(type, "varchar", "varchar[]")) }}
{% endmacro %}
