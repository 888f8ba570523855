-- One row per ticket in its latest version, with its status before it was deleted and the ticket it was
-- merged into.
with
    tickets as (select * from {{ ref("stg_zendesk__tickets") }}),

    last_statuses as (
        select source_instance, ticket_id, status
        from
            (
                select
                    t.*,
                    row_number() over (
                        partition by source_instance, ticket_id
                        order by updated_at desc nulls last, delivered_at desc nulls last, status nulls last
                    ) as recency
                from {{ ref("stg_zendesk__tickets_versions") }} as t
                where status <> 'deleted'
            ) as versions
        where recency = 1
    ),

    -- A ticket lists the tickets that were merged into it.
    merges as (
        select source_instance, merged_ticket_id, min(ticket_id) as ticket_id
        from
            (
                select source_instance, ticket_id, {{ each_item("merged_ticket_ids") }} as merged_ticket_id
                from tickets
                where merged_ticket_ids is not null
            ) as listed
        group by source_instance, merged_ticket_id
    )

select t.*, s.status as last_status, m.ticket_id as merged_into
from tickets as t
left join last_statuses as s on t.source_instance = s.source_instance and t.ticket_id = s.ticket_id
left join merges as m on t.source_instance = m.source_instance and t.ticket_id = m.merged_ticket_id
