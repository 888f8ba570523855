-- One row per user or queue that can own a case, with the field of a case that it fills.
-- A user of the system itself fills no field: nobody works as one.
select
    source_instance,
    user_id as owner_id,
    name_key,
    'owner' as field,
    case when coalesce(user_type, 'Standard') <> 'AutomatedProcess' then user_id end as value
from {{ ref("stg_salesforce__users") }} as u
union all
select source_instance, group_id, name_key, 'group', coalesce(developer_name, group_id)
from {{ ref("stg_salesforce__groups") }} as g
