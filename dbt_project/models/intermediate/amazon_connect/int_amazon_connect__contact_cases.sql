-- One row per contact that a case lists as its item, with the case that did so last.
with
    -- A case lists its contacts as items, and may drop them again.
    items as (
        select
            source_instance,
            case_id,
            item_id,
            max(contact_id) as contact_id,
            max(changed_at) as changed_at,
            bool_or(event_type like '%DELETED') as is_dropped
        from {{ ref("stg_amazon_connect__case_events") }} as e
        where item_id is not null
        group by source_instance, case_id, item_id
    ),

    contact_records as (
        select source_instance, contact_id, root_contact_id
        from {{ ref("int_amazon_connect__contact_records") }}
        union all
        select source_instance, contact_id, root_contact_id
        from {{ ref("int_amazon_connect__inferred_contacts") }}
    ),

    case_ranks as (
        select
            i.source_instance,
            l.root_contact_id,
            i.case_id,
            row_number() over (
                partition by i.source_instance, l.root_contact_id
                order by i.changed_at desc nulls last, i.case_id nulls last
            ) as case_rank
        from items as i
        inner join
            contact_records as l on i.source_instance = l.source_instance and i.contact_id = l.contact_id
        where not i.is_dropped
    )

select source_instance, root_contact_id as contact_id, case_id
from case_ranks
where case_rank = 1
