-- One row per case after one change of it, in the order of the changes. Events come in any order. Of
-- changes of one moment, creation is first; the others follow by `updated_at`.
select
    e.*,
    row_number() over (
        partition by source_instance, case_id
        order by
            changed_at nulls last,
            case when event_type = 'CASE.CREATED' then 0 else 1 end nulls last,
            updated_at nulls first,
            status nulls first,
            group_id nulls first,
            owner_id nulls first,
            priority nulls first,
            event_id nulls last
    ) as state_seq
from {{ ref("stg_amazon_connect__case_events") }} as e
where event_type in ('CASE.CREATED', 'CASE.UPDATED')
