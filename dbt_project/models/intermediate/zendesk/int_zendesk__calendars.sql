-- One row per opening of a schedule on one day of the week.
-- Schedules count minutes from the start of Sunday; an opening over midnight is one row per day.
{% set begin, finish = "greatest(h.start_minute - 1440 * n.n, 0)", "least(h.end_minute - 1440 * n.n, 1440)" %}
with
    days as (
        select
            h.centre,
            h.source_instance,
            h.schedule_id,
            {{ zendesk_zone("h.zone") }} as time_zone,
            case when n.n % 7 = 0 then 7 else n.n % 7 end as weekday,
            {{ begin }} as begin_minute,
            {{ finish }} as end_minute,
            h.delivered_at
        from {{ ref("stg_zendesk__schedule_hours") }} as h
        inner join ({{ numbers(1) }}) as n on h.start_minute < 1440 * (n.n + 1) and h.end_minute > 1440 * n.n
        where not coalesce(h.is_deleted, false)
    )

select distinct
    centre,
    source_instance,
    schedule_id as calendar_id,
    time_zone,
    weekday,
    {% for column, minute in [("opens_at", "begin_minute"), ("closes_at", "end_minute")] %}
        {{ dbt.concat([two_digits("floor(" ~ minute ~ " / 60)"), "':'", two_digits(minute ~ " % 60")]) }}
        as {{ column }},
    {% endfor %}
    {{ null_columns("calendars", ["valid_from", "valid_to"]) }},
    delivered_at
from days
