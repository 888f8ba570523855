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

{# The distribution function of the standard normal variable, off by at most 7.5e-8 (Abramowitz and Stegun
   26.2.17); engines have none in common. #}
{% macro normal_cdf(z) -%}
    {%- set t = "(1 / (1 + 0.2316419 * abs(" ~ z ~ ")))" -%}
    {%- set series -%}
        {{ t }} * (0.319381530 + {{ t }} * (-0.356563782 + {{ t }} * (1.781477937 + {{ t }} * (-1.821255978 + {{ t }} * 1.330274429))))
    {%- endset -%}
    abs(
        case when {{ z }} >= 0 then 1 else 0 end
        - 0.3989422804014327 * exp(-{{ z }} * {{ z }} / 2) * {{ series }}
    )
{%- endmacro %}
