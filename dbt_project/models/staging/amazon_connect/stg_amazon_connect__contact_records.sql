-- One row per contact record in its newest version, with the record that its chain of transfers began with.
{{ config(materialized="table") }}
{% set transfers = "('TRANSFER', 'QUEUE_TRANSFER')" %}
with
    records as ({{ staged("contact_records", "raw_amazon_connect") }}),

    -- Each step doubles the length of the chains that are followed to their end.
    step_0 as (
        select
            r.source_instance,
            r.contact_id,
            coalesce(p.contact_id, r.contact_id) as origin_id,
            coalesce(
                r.initiation_method in {{ transfers }}
                and r.previous_contact_id is not null
                and p.contact_id is null,
                false
            ) as is_previous_missing
        from records as r
        left join
            records as p
            on r.source_instance = p.source_instance
            and r.previous_contact_id = p.contact_id
            and r.initiation_method in {{ transfers }}
    ),

    {% for step in range(1, 6) %}
        step_{{ step }} as (
            select s.source_instance, s.contact_id, s.is_previous_missing, o.origin_id
            from step_{{ step - 1 }} as s
            inner join
                step_{{ step - 1 }} as o
                on s.source_instance = o.source_instance
                and s.origin_id = o.contact_id
        ),
    {% endfor %}

    origins as (
        select
            s.source_instance,
            s.contact_id,
            s.is_previous_missing,
            -- Where the record that a transfer left is missing, the chain still names its first contact.
            case
                when o.initiation_method in {{ transfers }}
                then coalesce(o.initial_contact_id, o.contact_id)
                else o.contact_id
            end as root_contact_id
        from step_5 as s
        inner join records as o on s.source_instance = o.source_instance and s.origin_id = o.contact_id
    )

select
    r.*,
    o.root_contact_id,
    o.is_previous_missing,
    row_number() over (
        partition by r.source_instance, o.root_contact_id
        order by r.initiated_at, case when r.contact_id = o.root_contact_id then 0 else 1 end, r.contact_id
    ) as leg_seq
from records as r
inner join origins as o on r.source_instance = o.source_instance and r.contact_id = o.contact_id
