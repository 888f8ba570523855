-- One row per value of a field in the history of a ticket, where no audit describes the ticket.
-- Audits and the history repeat each other. The history holds only what a field became.
with
    histories as (
        select *
        from {{ ref("stg_zendesk__ticket_field_history") }}
        where field in ('{{ zendesk_fields() | join("', '") }}')
    ),

    {{ line_order("histories", "ticket_id", "changed_at") }},

    recorded_values as (
        select
            h.*,
            {{ line_seq("h", "f") }} as line_seq,
            row_number() over (
                partition by h.source_instance, h.ticket_id, h.field
                order by h.changed_at nulls last, {{ line_seq("h", "f") }} nulls last, h.value nulls first
            ) as value_no,
            lag(h.value) over (
                partition by h.source_instance, h.ticket_id, h.field
                order by h.changed_at nulls last, {{ line_seq("h", "f") }} nulls last, h.value nulls first
            ) as old_value
        from histories as h
        left join files as f on h.source_instance = f.source_instance and h.delivery_id = f.delivery_id
    )

select v.*
from recorded_values as v
left join
    (
        select distinct source_instance, ticket_id
        from {{ ref("stg_zendesk__ticket_events") }}
        where field in ('{{ zendesk_fields() | join("', '") }}')
    ) as e
    on v.source_instance = e.source_instance
    and v.ticket_id = e.ticket_id
where e.ticket_id is null
