-- One row per opening of a weekday while it was in force, with its hours as seconds after midnight.
-- Days count from Monday, 1, to Sunday, 7. An opening that ends at or before its begin ends on the next day.
-- Hours that cannot be read stand for the whole day, and a weekday that cannot be read for every day.
{% set pattern = "'^([0-9]{1,2}):([0-9]{2})(:([0-9]{2}))?$'" %}
with
    delivered_hours as (
        select
            {{ hash_key(["'calendar'", "centre", "calendar_id"]) }} as calendar_key,
            centre,
            calendar_id,
            {{ known_zone("trim(time_zone)") }} as time_zone,
            case when weekday between 1 and 7 then weekday end as weekday,
            {% for column in ["opens_at", "closes_at"] %}
                {% set part = (
                    "cast(nullif(regexp_extract(trim("
                    ~ column
                    ~ "), "
                    ~ pattern
                    ~ ", %s), '') as bigint)"
                ) %}
                {{ part % 1 }} * 3600 + {{ part % 2 }} * 60 + coalesce({{ part % 4 }}, 0) as {{ column }},
            {% endfor %}
            valid_from,
            valid_to
        from {{ ref("int_entity__calendars") }}
    ),

    hours as (
        select
            *, coalesce(weekday is not null and opens_at < 86400 and closes_at <= 86400, false) as is_readable
        from delivered_hours
    )

select distinct
    calendar_key,
    centre,
    calendar_id,
    time_zone,
    weekday,
    is_readable,
    case when is_readable then opens_at else 0 end as opens_seconds,
    case
        when not is_readable then 86400 when closes_at <= opens_at then closes_at + 86400 else closes_at
    end as closes_seconds,
    valid_from,
    valid_to
from hours
