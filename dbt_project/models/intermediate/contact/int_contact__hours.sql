-- One row per source instance that feeds contacts, day and local hour: how many contacts began in it.
with
    hours as (
        {% for h in range(24) %}
            select {{ h }} as hour
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    arrivals as (
        select
            c.source_instance,
            cast({{ local_time("c.started_at", "s.time_zone") }} as date) as day,
            cast(extract(hour from {{ local_time("c.started_at", "s.time_zone") }}) as bigint) as hour,
            count(*) as n
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        group by 1, 2, 3
    ),

    contact_sources as (
        select distinct source_instance from {{ ref("stg_faultline__sources") }} where entity = 'contacts'
    )

select
    d.centre,
    d.source_instance,
    d.day,
    mod({{ dbt.datediff("cast('1970-01-05' as date)", "d.day", "day") }}, 7) as weekday,
    h.hour,
    coalesce(a.n, 0) as n,
    sum(coalesce(a.n, 0)) over (partition by d.source_instance, d.day) as n_day
from {{ ref("int_window__days") }} as d
inner join contact_sources as f on d.source_instance = f.source_instance
cross join hours as h
left join arrivals as a on d.source_instance = a.source_instance and d.day = a.day and h.hour = a.hour
