-- One row per contact record, with the record that its chain of transfers began with.
with
    records as (select * from {{ ref("int_amazon_connect__record_roles") }}),

    -- Each step doubles the length of the chains that are followed to their end.
    step_0 as (
        select
            r.source_instance,
            r.contact_id,
            coalesce(p.contact_id, r.contact_id) as origin_id,
            coalesce(
                r.initiation_method in {{ amazon_connect_methods(["transfer"]) }}
                and r.continued_contact_id is not null
                and p.contact_id is null,
                false
            ) as is_previous_missing
        from records as r
        left join
            records as p on r.source_instance = p.source_instance and r.continued_contact_id = p.contact_id
    )

    {% for step in range(1, 6) %}
        ,

        step_{{ step }} as (
            select s.source_instance, s.contact_id, s.is_previous_missing, o.origin_id
            from step_{{ step - 1 }} as s
            inner join
                step_{{ step - 1 }} as o
                on s.source_instance = o.source_instance
                and s.origin_id = o.contact_id
        )
    {% endfor %}

select
    s.source_instance,
    s.contact_id,
    s.is_previous_missing,
    -- Where the record that a transfer left is missing, the chain still names its first contact.
    case
        when o.is_continuing
        then coalesce(o.initial_contact_id, o.continued_contact_id, o.contact_id)
        else o.contact_id
    end as root_contact_id
from step_5 as s
inner join records as o on s.source_instance = o.source_instance and s.origin_id = o.contact_id
