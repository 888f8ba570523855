{# Date arithmetic of Spark by whole microseconds. dbt's own drops fractions of a second. The interval is a whole
   number, rounded half to even, as DuckDB casts it. #}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) %}
    timestamp_micros(
        unix_micros(cast({{ from_date_or_timestamp }} as timestamp))
        + cast(bround({{ interval }}) as bigint) * {{ microseconds_of(datepart) }}
    )
{% endmacro %}

{# The boundaries of a part of a date between two moments, as DuckDB counts them. #}
{% macro spark__datediff(first_date, second_date, datepart) %}
    {%- set length = microseconds_of(datepart) -%}
    ({{ whole_lengths(second_date, length) }} - {{ whole_lengths(first_date, length) }})
{% endmacro %}

{% macro whole_lengths(moment, length) %}
    {%- set micros = "unix_micros(cast(" ~ moment ~ " as timestamp))" -%}
    ({{ micros }} - pmod({{ micros }}, {{ length }})) div {{ length }}
{%- endmacro %}

{% macro microseconds_of(datepart) %}
    {%- set lengths = {
        "millisecond": 1000,
        "second": 1000000,
        "minute": 60000000,
        "hour": 3600000000,
        "day": 86400000000,
        "week": 604800000000,
    } -%}
    {%- if datepart not in lengths -%}
        {{ exceptions.raise_compiler_error("No length in microseconds is known for " ~ datepart) }}
    {%- endif -%}
    {{ return(lengths[datepart]) }}
{% endmacro %}
