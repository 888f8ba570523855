-- One row per source instance and contract entity that it delivers.
-- A feed without a row says that there was nothing. But where only some rows of a vendor's table tell of an
-- entity, one of them must have come: a field that nobody fills says nothing.
{% set partly_reported = [] %}
{% for spec in raw_tables().values() if spec.event_at %}
    {% for entity, condition in spec.feeds.items() if condition %}
        {% do partly_reported.append("'" ~ spec.schema ~ "." ~ entity ~ "'") %}
    {% endfor %}
{% endfor %}
select d.centre, d.source_instance, d.entity, sum(d.n_landed) as n_landed
from {{ ref("stg_faultline__deliveries") }} as d
inner join
    {{ ref("stg_faultline__sources") }} as s on d.source_instance = s.source_instance and d.entity = s.entity
left join
    (select distinct source_instance, entity from {{ ref("int_source__daily_counts") }}) as c
    on d.source_instance = c.source_instance
    and d.entity = c.entity
where
    d.status = 'landed'
    and (
        c.entity is not null
        or {{ dbt.concat(["'raw_'", "s.connector", "'.'", "d.entity"]) }}
        not in ({{ partly_reported | join(", ") }})
    )
group by 1, 2, 3
