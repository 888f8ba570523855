{# Ends a model that begins with `with`: one row per definition, centre, local day and value of a dimension.

   `units` is a relation or CTE with a row for each thing that is counted: its columns are centre, day, those of
   `dimensions`, and what the definitions name. `where` leaves units out. `definitions` maps the id of a definition
   to SQL of a unit. Conditions and values are NULL where a unit cannot be decided; such units are counted apart,
   so that a metric can be bounded.
     share: of the units that fulfil `of` (default: all), how many fulfil `share`
     mean:  the mean of `mean` over the units that fulfil `of`, with its quantiles
     count: how many units fulfil `count` #}
{% macro daily_metrics(definitions, dimensions, units="units", where="true") %}
    {% set dimensions = metric_dimensions(dimensions) %}
    known_units as (
        select
            *
            {% for dimension in dimensions %}
                , coalesce({{ dimension }}, '(unknown)') as of_{{ dimension }}
            {% endfor %}
        from {{ units }}
        where {{ where }}
    ),

    totals as (
        select
            centre,
            day,
            {% for dimension in dimensions %} of_{{ dimension }}, {% endfor %}
            {% for definition_id, one in definitions.items() %}
                {{ metric_totals(definition_id | lower, one) }} {% if not loop.last %},{% endif %}
            {% endfor %}
        from known_units
        group by
            grouping sets (
                (centre, day)
                {% for dimension in dimensions %}, (centre, day, of_{{ dimension }}) {% endfor %}
            )
    )

    {% for definition_id, one in definitions.items() %}
        {% set id = definition_id | lower %}
        select
            '{{ definition_id }}' as definition_id,
            centre,
            day,
            coalesce(
                {% for dimension in dimensions %}
                    case when of_{{ dimension }} is not null then '{{ dimension }}' end,
                {% endfor %}
                'all'
            ) as dimension,
            coalesce({% for dimension in dimensions %}of_{{ dimension }}, {% endfor %} '(all)') as value,
            cast({{ id }}_numerator as double) as numerator,
            cast({{ id }}_denominator as double) as denominator,
            cast({{ id }}_undecidable as bigint) as n_undecidable,
            {% for name, share in metric_quantiles().items() %}
                {% if "mean" in one %} {{ id }}_{{ name }}
                {% else %} cast(null as double)
                {% endif %} as {{ name }}
                {% if not loop.last %},{% endif %}
            {% endfor %}
        from totals
        where {{ id }}_undecidable > 0 or {{ id }}_{{ "numerator" if "count" in one else "denominator" }} > 0
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
{% endmacro %}

{# What one definition sums up over the units of a group. #}
{% macro metric_totals(id, definition) %}
    {% if "count" in definition %}
        count(*) filter (where {{ definition.count }}) as {{ id }}_numerator,
        null as {{ id }}_denominator,
        count(*) filter (where ({{ definition.count }}) is null) as {{ id }}_undecidable
    {% else %}
        {% set outcome = definition.share or definition.mean %}
        {% set of = definition.of or "true" %}
        {% if "mean" in definition %} coalesce(sum({{ outcome }}) filter (where {{ of }}), 0)
        {% else %} count(*) filter (where ({{ of }}) and ({{ outcome }}))
        {% endif %} as {{ id }}_numerator,
        count(*) filter (where ({{ of }}) and ({{ outcome }}) is not null) as {{ id }}_denominator,
        count(*) filter (
            where ({{ of }}) is null or (({{ of }}) and ({{ outcome }}) is null)
        ) as {{ id }}_undecidable
        {% if "mean" in definition %}
            {% for name, share in metric_quantiles().items() %}
                ,
                {{ percentile("case when " ~ of ~ " then " ~ outcome ~ " end", share) }}
                as {{ id }}_{{ name }}
            {% endfor %}
        {% endif %}
    {% endif %}
{% endmacro %}

{# The dimensions that a metric is split by. Unit tests override it, and then see the rows of the whole centre only. #}
{% macro metric_dimensions(dimensions) %} {{ return(dimensions) }} {% endmacro %}

{# Quantiles that stand beside every mean (M37). #}
{% macro metric_quantiles() %} {{ return({"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}) }} {% endmacro %}
