-- One row per ticket that is known from its creation on, with its first status.
-- A ticket is, if an audit or its history begins with its creation, or if it was never updated.
with
    tickets as (select * from {{ ref("stg_zendesk__tickets") }}),

    events as (
        select *
        from {{ ref("stg_zendesk__ticket_events") }}
        where field in ('{{ zendesk_fields() | join("', '") }}')
    ),

    recorded_values as (select * from {{ ref("int_zendesk__recorded_values") }}),

    described_tickets as (
        select source_instance, ticket_id
        from events
        union
        select source_instance, ticket_id
        from recorded_values
    ),

    first_statuses as (
        select source_instance, ticket_id, max(case when field = 'status' then new_value end) as status
        from events
        where event_type = 'Create'
        group by source_instance, ticket_id
        union all
        select v.source_instance, v.ticket_id, v.value
        from recorded_values as v
        inner join tickets as t on v.source_instance = t.source_instance and v.ticket_id = t.ticket_id
        where v.field = 'status' and v.value_no = 1 and v.changed_at <= t.created_at
        union all
        select t.source_instance, t.ticket_id, t.status
        from tickets as t
        left join
            described_tickets as d on t.source_instance = d.source_instance and t.ticket_id = d.ticket_id
        where d.ticket_id is null and t.updated_at = t.created_at and t.status <> 'deleted'
    )

select t.centre, t.source_instance, t.ticket_id, t.created_at, s.status, t.delivered_at
from first_statuses as s
inner join tickets as t on s.source_instance = t.source_instance and s.ticket_id = t.ticket_id
