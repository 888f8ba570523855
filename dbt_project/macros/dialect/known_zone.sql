{# The name of a time zone that the engine knows, NULL for any other text: an engine stops at a zone that it does
   not know. #}
{% macro known_zone(zone) %} {{ return(adapter.dispatch("known_zone", "faultline")(zone)) }} {% endmacro %}

{% macro default__known_zone(zone) %}
    case when {{ zone }} in ({{ quoted(modules.pytz.all_timezones) }}) then {{ zone }} end
{% endmacro %}

{% macro duckdb__known_zone(zone) %}
    case when {{ zone }} in (select name from pg_timezone_names()) then {{ zone }} end
{% endmacro %}
