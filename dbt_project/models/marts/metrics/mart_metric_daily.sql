-- One row per definition of a metric, centre, local day and value of a dimension.
-- Bounds hold whatever the undecidable units were: all of them outside the numerator, or all of them in it.
-- Days on which rows may still arrive are provisional.
with
    ends as (select centre, max(last_date) as last_date from {{ ref("int_source__spans") }} group by centre),

    metrics as (
        select
            m.*,
            d.metric_id,
            d.definition_version,
            d.label,
            d.kind,
            d.unit,
            m.denominator + m.n_undecidable as n_units,
            case
                when d.kind = 'count' then m.numerator else m.numerator / nullif(m.denominator, 0)
            end as metric
        from {{ ref("met_daily") }} as m
        inner join {{ ref("int_metric__definitions") }} as d on m.definition_id = d.definition_id
        where m.day is not null
    )

select
    m.centre,
    m.metric_id,
    m.definition_id,
    m.definition_version,
    m.label,
    m.unit,
    m.dimension,
    m.value,
    m.day,
    m.numerator,
    m.denominator,
    m.metric,
    case
        when m.kind = 'share'
        then m.numerator / m.n_units
        when m.kind = 'count' or m.n_undecidable = 0
        then m.metric
    end as low,
    case
        when m.kind = 'share'
        then (m.numerator + m.n_undecidable) / m.n_units
        when m.kind = 'count'
        then m.metric + m.n_undecidable
        when m.n_undecidable = 0
        then m.metric
    end as high,
    case when m.kind = 'share' then {{ wilson_low("m.numerator", "m.denominator") }} end as interval_low,
    case when m.kind = 'share' then {{ wilson_high("m.numerator", "m.denominator") }} end as interval_high,
    {% for quantile in metric_quantiles() %} m.{{ quantile }}, {% endfor %}
    m.n_undecidable,
    m.day
    > {{ dbt.dateadd("day", "-1 * " ~ threshold_literal("late_days"), "e.last_date") }} as is_provisional
from metrics as m
inner join ends as e on m.centre = e.centre
