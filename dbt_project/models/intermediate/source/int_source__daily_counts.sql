-- One row per source instance, entity and local day of its events; rows without a date count nowhere.
-- What is delivered again because it changed is another row, and no duplicate.
{% set fed = [] %}
{% for spec in raw_tables().values() if spec.event_at %}
    {% for entity, condition in spec.feeds.items() %}
        {% do fed.append({"spec": spec, "entity": entity, "condition": condition}) %}
    {% endfor %}
{% endfor %}
with
    counted as (
        {% for one in fed %}
            {%- set spec = one.spec %}
            {%- set version = ["_delivered_at"] if spec.restated else spec.version_at %}
            {%- set key = spec.key + version %}
            select
                r.centre,
                r.source_instance,
                '{{ one.entity }}' as entity,
                cast({{ local_time("r." ~ spec.event_at, "s.time_zone") }} as date) as event_date,
                count(*) as n_received,
                count(distinct({{ key | map("replace", "", "r.", 1) | join(", ") }})) as n_distinct,
                min(r.{{ spec.event_at }}) as first_event_at,
                max(r.{{ spec.event_at }}) as last_event_at,
                max(r._delivered_at) as last_delivered_at
            from {{ source(spec.schema, spec.table) }} as r
            inner join
                {{ source("raw_faultline", "sources") }} as s
                on r.source_instance = s.source_instance
                and s.entity = '{{ one.entity }}'
            cross join {{ source("raw_faultline", "parameters") }} as p
            where
                r.{{ spec.event_at }} is not null
                and (p.as_of_at is null or r.{{ spec.event_at }} <= p.as_of_at)
                {%- if one.condition %} and ({{ one.condition }}) {%- endif %}
            group by 1, 2, 3, 4
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
from counted
group by 1, 2, 3, 4
