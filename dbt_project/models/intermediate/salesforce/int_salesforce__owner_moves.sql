-- One row per change of the owner of a case, by ids.
-- A change is recorded twice, with names and with ids. Names count only where no ids stand beside them.
with
    unique_names as (
        select source_instance, name_key, min(owner_id) as owner_id
        from {{ ref("int_salesforce__owners") }}
        where name_key is not null
        group by source_instance, name_key
        having count(*) = 1
    )

select
    h.centre,
    h.source_instance,
    h.case_id,
    h.history_id,
    h.created_at,
    h.created_by_id,
    h.delivered_at,
    coalesce(h.old_value, o.owner_id) as old_id,
    coalesce(h.new_value, n.owner_id) as new_id
from {{ ref("int_salesforce__case_histories") }} as h
left join unique_names as o on h.source_instance = o.source_instance and h.old_name_key = o.name_key
left join unique_names as n on h.source_instance = n.source_instance and h.new_name_key = n.name_key
where
    h.field in ('Owner', 'ownerAssignment', 'ownerAccepted', 'ownerEscalated')
    and (h.new_value is not null or h.n_with_ids = 0)
