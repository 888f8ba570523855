-- One row per source instance and day: hours that ought to hold contacts, and how many of them hold none.
{% set neighbours %}
    partition by source_instance, weekday, hour
    order by day nulls last
    rows between {{ threshold_literal("baseline_weeks") }} preceding
    and {{ threshold_literal("baseline_weeks") }} following
{% endset %}
with
    -- Baseline of an hour: the same weekday and hour of the neighbouring weeks, itself left out.
    neighbouring_weeks as (
        select
            g.*,
            (sum(n) over ({{ neighbours }})) - n as n_elsewhere,
            (sum(n_day) over ({{ neighbours }})) - n_day as n_day_elsewhere,
            (sum(sign(n)) over ({{ neighbours }})) - sign(n) as n_busy_hours,
            (sum(sign(n_day)) over ({{ neighbours }})) - sign(n_day) as n_busy_days,
            (count(*) over ({{ neighbours }})) - 1 as n_weeks
        from {{ ref("int_contact__hours") }} as g
    ),

    -- Silence surprises only where most weeks are busy; one rush must not make its neighbours look silent.
    expected_hours as (
        select
            a.*,
            case
                when 2 * n_busy_hours > n_weeks then exp(-1.0 * n_elsewhere / n_weeks) else 1
            end as p_zero_hour,
            case
                when 2 * n_busy_days > n_weeks then exp(-1.0 * n_day_elsewhere / n_weeks) else 1
            end as p_zero_day
        from neighbouring_weeks as a
        where n_weeks >= {{ threshold("min_points") }} and n_elsewhere > 0
    ),

    findings as (
        select
            {{ source_dimensions("x", "day") }},
            (x.n = 0 and x.p_zero_hour < {{ threshold("bs03_p_zero") }})
            or (x.n_day = 0 and x.p_zero_day < {{ threshold("bs03_p_zero") }}) as is_affected,
            false as is_undecidable
        from expected_hours as x
        -- Exports begin and end within a day: the hours missing there are cut off, not silent.
        inner join
            {{ ref("int_source__spans") }} as s
            on x.source_instance = s.source_instance
            and x.day > s.first_date
            and x.day < s.last_date
        where x.p_zero_hour < {{ threshold("bs03_p_zero") }} or x.p_zero_day < {{ threshold("bs03_p_zero") }}
        union all
        -- Nobody delivers contacts although cases say that there were some: every day is silent.
        select distinct {{ source_dimensions("d", "day") }}, true, false
        from {{ ref("int_window__days") }} as d
        inner join {{ ref("int_source__entities") }} as e on d.centre = e.centre and e.entity = 'contacts'
        inner join
            (select distinct source_instance from {{ ref("int_case__enriched") }}) as c
            on d.source_instance = c.source_instance
        where not e.is_delivered
    )

    {{ counted("findings") }}
