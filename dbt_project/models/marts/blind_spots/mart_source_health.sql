-- One row per source instance, entity and day of its events; what was quarantined stands on the
-- last day, since a broken row seldom tells its own.
with
    delivered_rows as (
        select
            d.source_instance,
            d.entity,
            sum(d.n_landed) as n_landed,
            cast(sum(d.n_quarantined) as bigint) as n_quarantined,
            cast(count(*) filter (where d.status <> 'landed') as bigint) as n_files_quarantined
        from {{ ref("stg_faultline__deliveries") }} as d
        group by 1, 2
    ),

    newest_events as (
        select source_instance, entity, max(last_event_at) as last_event_at, max(event_date) as last_date
        from {{ ref("int_source__daily_counts") }}
        group by 1, 2
    ),

    fed_entities as (
        select
            s.source_instance,
            s.centre,
            s.entity,
            w.as_of_at,
            -- A source without a single dated row stands on its centre's last day.
            coalesce(w.last_date, max(w.last_date) over (partition by s.centre)) as span_end
        from {{ ref("stg_faultline__sources") }} as s
        inner join {{ ref("int_source__spans") }} as w on s.source_instance = w.source_instance
    ),

    -- Entities without a date of their own stand in one row.
    days as (
        select
            f.source_instance,
            f.entity,
            d.event_date as day,
            d.n_received,
            d.n_received - d.n_distinct as n_duplicates
        from fed_entities as f
        inner join
            {{ ref("int_source__daily_counts") }} as d
            on f.source_instance = d.source_instance
            and f.entity = d.entity
        union all
        select f.source_instance, f.entity, f.span_end, coalesce(l.n_landed, 0), null
        from fed_entities as f
        left join newest_events as n on f.source_instance = n.source_instance and f.entity = n.entity
        left join delivered_rows as l on f.source_instance = l.source_instance and f.entity = l.entity
        where n.entity is null
    )

select
    f.centre,
    f.source_instance,
    f.entity,
    d.day,
    cast(d.n_received as bigint) as n_received,
    cast(d.n_duplicates as bigint) as n_duplicates,
    d.n_duplicates / nullif(cast(d.n_received as double), 0) as duplicate_share,
    case
        when n.last_date is null or d.day = n.last_date then coalesce(l.n_quarantined, 0) else 0
    end as n_quarantined,
    case
        when n.last_date is null or d.day = n.last_date then coalesce(l.n_files_quarantined, 0) else 0
    end as n_files_quarantined,
    coalesce(l.n_landed, 0) > 0 as is_delivered,
    cast({{ dbt.datediff("n.last_event_at", "f.as_of_at", "second") }} as double) / 3600 as freshness_hours
from days as d
inner join fed_entities as f on d.source_instance = f.source_instance and d.entity = f.entity
left join newest_events as n on d.source_instance = n.source_instance and d.entity = n.entity
left join delivered_rows as l on d.source_instance = l.source_instance and d.entity = l.entity
