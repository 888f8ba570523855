{# The wall-clock time of a UTC stamp in a named zone, as a stamp without a zone. #}
{% macro local_time(utc, zone) %}
    {{ return(adapter.dispatch("local_time", "faultline")(utc, zone)) }}
{% endmacro %}

{% macro default__local_time(utc, zone) %} from_utc_timestamp({{ utc }}, {{ zone }}) {% endmacro %}

{% macro duckdb__local_time(utc, zone) %} timezone({{ zone }}, timezone('UTC', {{ utc }})) {% endmacro %}

{# How many seconds the wall clock of a zone is ahead of UTC at a moment. #}
{% macro offset_seconds(utc, zone) %} {{ dbt.datediff(utc, local_time(utc, zone), "second") }} {% endmacro %}
