{# A key from the hexadecimal text of a hash. DuckDB joins 16 bytes faster than 32 characters. #}
{% macro as_key(text) -%} {{ return(adapter.dispatch("as_key", "faultline")(text)) }} {%- endmacro %}

{% macro default__as_key(text) -%} {{ text }} {%- endmacro %}

{% macro duckdb__as_key(text) -%} cast({{ text }} as uuid) {%- endmacro %}

{# The hexadecimal text of a key, as marts publish it. #}
{% macro key_text(key) -%} {{ return(adapter.dispatch("key_text", "faultline")(key)) }} {%- endmacro %}

{% macro default__key_text(key) -%} {{ key }} {%- endmacro %}

{% macro duckdb__key_text(key) -%} replace(cast({{ key }} as varchar), '-', '') {%- endmacro %}

{# A key that a short name stands for in unit tests of DuckDB: keys come in the order of their names. #}
{% macro named_key(name) -%} cast(rpad(hex('{{ name }}'), 32, '0') as uuid) {%- endmacro %}
