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
