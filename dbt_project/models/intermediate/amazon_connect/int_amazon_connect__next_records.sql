-- One row per contact record that another one follows, with what kind of record follows.
with
    records as (select * from {{ ref("int_amazon_connect__record_roles") }}),

    -- A record follows another one that it names as the one before, or that names it as the next.
    next_records as (
        select source_instance, contact_id, initiation_method
        from
            (
                select
                    source_instance,
                    coalesce(previous_contact_id, initial_contact_id) as contact_id,
                    initiation_method
                from records
                union all
                select r.source_instance, r.contact_id, n.initiation_method
                from records as r
                inner join
                    records as n on r.source_instance = n.source_instance and r.next_contact_id = n.contact_id
            ) as f
        where contact_id is not null
    )

select
    source_instance,
    contact_id,
    bool_or(initiation_method in {{ amazon_connect_methods(is_callback=true) }}) as has_callback,
    bool_or(initiation_method in {{ amazon_connect_methods(["transfer"]) }}) as has_transfer
from next_records
group by source_instance, contact_id
