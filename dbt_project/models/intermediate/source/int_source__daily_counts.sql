-- One row per source instance, entity and local day of its events; rows without a date count nowhere.
-- What is delivered again because it changed is another row, and no duplicate.
{% for entity, spec in contract().items() if spec.event_at %}
    select
        r.centre,
        r.source_instance,
        '{{ entity }}' as entity,
        cast({{ local_time("r." ~ spec.event_at, "s.time_zone") }} as date) as event_date,
        count(*) as n_received,
        {%- set key = spec.key + (["_delivered_at"] if spec.restated else []) %}
        count(distinct {{ hash_key(key | map("replace", "", "r.", 1) | list) }}) as n_distinct,
        min(r.{{ spec.event_at }}) as first_event_at,
        max(r.{{ spec.event_at }}) as last_event_at,
        max(r._delivered_at) as last_delivered_at
    from {{ source("raw_mapped", entity) }} as r
    inner join
        {{ source("raw_faultline", "sources") }} as s
        on r.source_instance = s.source_instance
        and s.entity = '{{ entity }}'
    cross join {{ source("raw_faultline", "parameters") }} as p
    where r.{{ spec.event_at }} is not null and (p.as_of_at is null or r.{{ spec.event_at }} <= p.as_of_at)
    group by 1, 2, 3, 4
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
