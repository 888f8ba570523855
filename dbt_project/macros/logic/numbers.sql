{# A query of the whole numbers `n` from 0 to ten to the power of `n_digits`, exclusive. #}
{% macro numbers(n_digits) %}
    select
        {% for place in range(n_digits) %}
            {{ 10**place }} * d{{ place }}.d {% if not loop.last %} + {% endif %}
        {% endfor %} as n
    from
    {% for place in range(n_digits) %}
        {% if not loop.first %}
            cross join
        {% endif %}
            (
                {% for d in range(10) %}
                    select {{ d }} as d
                    {% if not loop.last %}
                        union all
                    {% endif %}
                {% endfor %}
            ) as d{{ place }}
    {% endfor %}
{% endmacro %}
