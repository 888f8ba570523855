{# The share of a group's rows that fulfil a condition, among those of which it is known; NULL without any. #}
{% macro share_of(condition) -%}
    count(*) filter (where {{ condition }}) / nullif(cast(count({{ condition }}) as double), 0)
{%- endmacro %}

{# Bounds of the 95 % Wilson score interval of a share (Wilson 1927); NULL without observations. #}
{% macro wilson_low(successes, total) -%} {{ wilson_bound(successes, total, "-") }} {%- endmacro %}

{% macro wilson_high(successes, total) -%} {{ wilson_bound(successes, total, "+") }} {%- endmacro %}

{% macro wilson_bound(successes, total, sign) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set n = "cast(nullif(" ~ total ~ ", 0) as double)" -%}
    {%- set p = "(" ~ successes ~ " / " ~ n ~ ")" -%}
    case
        when {{ successes }} is not null and {{ total }} > 0
        then
            greatest(
                0,
                least(
                    1,
                    (
                        {{ p }}
                        + {{ z * z / 2 }}
                        / {{ n }} {{ sign }} {{ z }}
                        * sqrt(({{ p }} * (1 - {{ p }}) + {{ z * z / 4 }} / {{ n }}) / {{ n }})
                    )
                    / (1 + {{ z * z }} / {{ n }})
                )
            )
    end
{%- endmacro %}

{# What a median absolute deviation is multiplied with to be the standard deviation of a normal variable. #}
{% macro mad_to_sigma() -%} cast(1.4826 as double) {%- endmacro %}
