-- One row per source instance, entity and local day of its events; rows without a date count nowhere. A
-- key counts on the day of its first row, so that one which comes again on another day is a duplicate
-- there. What is delivered again because it changed is another row, and so is another event of a log:
-- no duplicates. Neither are the copies that a vendor is known to write of every row.
{% set fed = dated_feeds() %}
with
    {% for one in fed %}
        {%- set spec = one.spec %}
        {%- set version = ["delivered_at"] if spec.restated else spec.version_at %}
        rows_{{ loop.index }} as (
            select
                r.centre,
                r.source_instance,
                cast({{ local_time("r." ~ spec.event_at, "s.time_zone") }} as date) as event_date,
                r.{{ spec.event_at }} as event_at,
                r.delivered_at,
                {%- for column in spec.key + version %} r.{{ column }} as key_{{ loop.index }}, {%- endfor %}
                -- Where the source says which row of a key counts, every event is a row of its own.
                case
                    when {{ "true" if spec.keep == "first" else "s.keep is not null" }}
                    then r.{{ spec.event_at }}
                end as event_key
            from {{ ref("stg_" ~ spec.schema.removeprefix("raw_") ~ "__" ~ spec.table ~ "_versions") }} as r
            inner join
                {{ ref("stg_faultline__sources") }} as s
                on r.source_instance = s.source_instance
                and s.entity = '{{ one.entity }}'
            where
                r.{{ spec.event_at }} is not null
                {%- if one.condition %} and ({{ one.condition }}) {%- endif %}
        ),

        keys_{{ loop.index }} as (
            select centre, source_instance, min(event_date) as event_date, count(*) as n_rows
            from rows_{{ loop.index }}
            group by
                centre,
                source_instance,
                event_key
                {%- for column in spec.key + version %}, key_{{ loop.index }} {%- endfor %}
        ),
    {% endfor %}

    table_counts as (
        {% for one in fed %}
            select
                centre,
                source_instance,
                '{{ one.entity }}' as entity,
                event_date,
                count(*) as n_received,
                0 as n_distinct,
                min(event_at) as first_event_at,
                max(event_at) as last_event_at,
                max(delivered_at) as last_delivered_at
            from rows_{{ loop.index }}
            group by centre, source_instance, event_date
            union all
            select
                centre,
                source_instance,
                '{{ one.entity }}',
                event_date,
                0,
                sum(case when n_rows < {{ one.spec.copies }} then n_rows else {{ one.spec.copies }} end),
                cast(null as timestamp),
                cast(null as timestamp),
                cast(null as timestamp)
            from keys_{{ loop.index }}
            group by centre, source_instance, event_date
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

-- An entity of one source may come in several tables.
select
    centre,
    source_instance,
    entity,
    event_date,
    cast(sum(n_received) as bigint) as n_received,
    cast(sum(n_distinct) as bigint) as n_distinct,
    min(first_event_at) as first_event_at,
    max(last_event_at) as last_event_at,
    max(last_delivered_at) as last_delivered_at
from table_counts
group by 1, 2, 3, 4
