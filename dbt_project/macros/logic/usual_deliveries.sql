{# CTEs that end with `<name>_usual`: the usual rows and files of each of `deliveries`, by the rows of the CTE
   `earlier` (the columns of `deliveries`) that came before it; of each rhythm at most the newest `most`.
   `spread` is the standard deviation as a multiple of the square root of the usual number. #}
{% macro usual_deliveries(earlier, name, most=none) %}
    -- Eight weeks of daily deliveries: what nobody corrects that long is the new usual.
    {{ name }}_earlier as (
        select
            d.source_instance,
            d.file_set,
            d.day,
            d.rhythm = e.rhythm as is_same_rhythm,
            e.n_rows,
            e.n_files,
            e.scaled_deviation,
            row_number() over (
                partition by d.source_instance, d.file_set, d.day, e.rhythm
                order by e.position desc nulls last
            ) as recency
        from deliveries as d
        inner join
            {{ earlier }} as e
            on d.source_instance = e.source_instance
            and d.file_set = e.file_set
            and e.position < d.position
        where e.n_refused = 0 and d.position - e.position <= 7 * {{ threshold("small_delivery_baseline") }}
    ),

    {{ name }}_medians as (
        select
            source_instance,
            file_set,
            day,
            count(*) as n_earlier,
            sum(case when is_same_rhythm then 1 else 0 end) as n_same_rhythm,
            {{ percentile("n_rows", 0.5) }} as n_median,
            {{ percentile("case when is_same_rhythm then n_rows end", 0.5) }} as n_rhythm_median,
            {{ percentile("case when is_same_rhythm then n_files end", 0.5) }} as n_usual_files,
            case
                when count(scaled_deviation) >= {{ threshold("small_delivery_min_points") }}
                then {{ mad_to_sigma() }} * {{ percentile("scaled_deviation", 0.5) }}
            end as scaled_deviation
        from {{ name }}_earlier
        {% if most is not none %} where recency <= {{ most }} {% endif %}
        group by 1, 2, 3
    ),

    -- A rhythm that never came before may be a quiet one. While it came seldom, the lower one of its own
    -- median and the median of all is usual.
    {{ name }}_usual as (
        select
            source_instance,
            file_set,
            day,
            n_rhythm_median,
            case
                when n_earlier < {{ threshold("small_delivery_min_points") }} or n_same_rhythm = 0
                then null
                when n_same_rhythm < {{ threshold("small_delivery_min_points") }}
                then least(n_rhythm_median, n_median)
                else n_rhythm_median
            end as n_usual,
            n_usual_files,
            greatest(coalesce(scaled_deviation, 1), 1) as spread
        from {{ name }}_medians
    ),
{% endmacro %}

{# Whether a delivery has far fewer rows than usual. A handful of rows may halve by chance. #}
{% macro is_small_delivery(n_rows, n_usual, spread) -%}
    (
        {{ n_rows }} < {{ threshold("small_delivery_share") }} * {{ n_usual }}
        and {{ n_usual }} - {{ n_rows }} > {{ threshold("bs04_z") }} * {{ spread }} * sqrt({{ n_usual }})
    )
{%- endmacro %}
