{# A stamp that may not precede another: NULL where it does, equal to it within a second, which is rounding. #}
{% macro not_before(stamp, earlier) -%}
    case
        when {{ stamp }} < {{ dbt.dateadd("second", -1, earlier) }}
        then null
        when {{ stamp }} < {{ earlier }}
        then {{ earlier }}
        else {{ stamp }}
    end
{%- endmacro %}

{# The moment some seconds after a stamp, or before it where they are negative; NULL where they are more than a
   year, which no call lasts and no calendar may hold. #}
{% macro seconds_later(stamp, seconds) -%}
    case
        when {{ seconds }} between -31622400 and 31622400 then {{ dbt.dateadd("second", seconds, stamp) }}
    end
{%- endmacro %}

{# A stamp by the clock on the wall, unless a duration says that it lies more than a second elsewhere: local
   clocks jump twice a year. #}
{% macro by_duration(stamp, since, seconds) -%}
    {%- set end_by_duration = seconds_later(since, seconds) -%}
    case
        when abs({{ dbt.datediff(stamp, end_by_duration, "second") }}) <= 1
        then {{ stamp }}
        else coalesce({{ end_by_duration }}, {{ stamp }})
    end
{%- endmacro %}
