-- One row per definition of a metric, centre, local day and value of a dimension.
-- Bounds hold whatever the undecidable units were: all of them outside the numerator, or all of them in it.
-- Days on which rows may still arrive are provisional.
with ends as (select centre, max(last_date) as last_date from {{ ref("int_source__spans") }} group by centre)

select
    m.centre,
    d.metric_id,
    m.definition_id,
    d.definition_version,
    d.label,
    d.unit,
    m.dimension,
    m.value,
    m.day,
    m.numerator,
    m.denominator,
    case when d.kind = 'count' then m.numerator else m.numerator / nullif(m.denominator, 0) end as metric,
    case
        when d.kind = 'share'
        then m.numerator / (m.denominator + m.n_undecidable)
        when d.kind = 'count'
        then m.numerator
        when m.n_undecidable = 0
        then m.numerator / m.denominator
    end as low,
    case
        when d.kind = 'share'
        then (m.numerator + m.n_undecidable) / (m.denominator + m.n_undecidable)
        when d.kind = 'count'
        then m.numerator + m.n_undecidable
        when m.n_undecidable = 0
        then m.numerator / m.denominator
    end as high,
    case when d.kind = 'share' then {{ wilson_low("m.numerator", "m.denominator") }} end as interval_low,
    case when d.kind = 'share' then {{ wilson_high("m.numerator", "m.denominator") }} end as interval_high,
    {% for quantile in metric_quantiles() %} m.{{ quantile }}, {% endfor %}
    m.n_undecidable,
    m.day
    > {{ dbt.dateadd("day", "-1 * " ~ threshold_literal("late_days"), "e.last_date") }} as is_provisional
from {{ ref("met_daily") }} as m
inner join {{ ref("int_metric__definitions") }} as d on m.definition_id = d.definition_id
inner join ends as e on m.centre = e.centre
where m.day is not null
