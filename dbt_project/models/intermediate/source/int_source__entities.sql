-- One row per centre and contract entity: whether anybody delivers it, and the days it covers.
-- An instance vouches for every day of its own span, so a quiet day is a measured zero.
with
    centres as (select distinct centre from {{ ref("stg_faultline__sources") }}),

    entities as (
        {% for entity in contract() %}
            select '{{ entity }}' as entity
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    delivered_entities as (
        select
            l.centre,
            l.entity,
            sum(l.n_landed) as n_landed,
            min(s.first_date) as first_date,
            max(s.last_date) as last_date
        from {{ ref("int_source__landed") }} as l
        inner join {{ ref("int_source__spans") }} as s on l.source_instance = s.source_instance
        group by 1, 2
    )

select
    centres.centre,
    entities.entity,
    delivered_entities.entity is not null as is_delivered,
    cast(coalesce(delivered_entities.n_landed, 0) as bigint) as n_landed,
    delivered_entities.first_date,
    delivered_entities.last_date
from centres
cross join entities
left join
    delivered_entities
    on centres.centre = delivered_entities.centre
    and entities.entity = delivered_entities.entity
