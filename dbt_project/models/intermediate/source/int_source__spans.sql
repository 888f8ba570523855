-- One row per source instance: what it covers, and the moment its data reach up to.
with
    sources as (select distinct source_instance, centre, time_zone from {{ ref("stg_faultline__sources") }}),

    counts as (
        select
            source_instance,
            min(first_event_at) as first_event_at,
            max(last_event_at) as as_of_at,
            min(event_date) as first_date,
            max(event_date) as last_date
        from {{ ref("int_source__daily_counts") }}
        group by source_instance
    )

select
    sources.centre,
    sources.source_instance,
    sources.time_zone,
    counts.first_event_at,
    counts.as_of_at,
    counts.first_date,
    counts.last_date
from sources
left join counts on sources.source_instance = counts.source_instance
