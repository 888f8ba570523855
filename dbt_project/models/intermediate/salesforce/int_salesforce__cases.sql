-- One row per case as it stands at its newest delivery.
with
    cases as (select * from {{ ref("stg_salesforce__cases") }} as c),

    accounts as (select * from {{ ref("stg_salesforce__accounts") }} as a),

    contacts as (
        select source_instance, contact_id, account_id from {{ ref("stg_salesforce__contacts") }} as k
    ),

    system_users as (
        select source_instance, user_id
        from {{ ref("stg_salesforce__users") }} as u
        where user_type = 'AutomatedProcess'
    ),

    queues as (
        select source_instance, group_id, developer_name from {{ ref("stg_salesforce__groups") }} as g
    ),

    last_groups as (
        select source_instance, case_id, max_by(new_value, change_seq) as group_id
        from {{ ref("int_salesforce__case_changes") }}
        where field = 'group'
        group by source_instance, case_id
    ),

    linked_articles as (
        select source_instance, case_id, count(*) as n_articles
        from {{ ref("stg_salesforce__case_articles") }} as l
        where not coalesce(is_deleted, false)
        group by source_instance, case_id
    )

select
    c.centre,
    c.source_instance,
    c.case_id,
    coalesce(a.account_number, c.account_id, k.account_id, c.contact_id) as customer_id,
    c.created_at as opened_at,
    c.closed_at,
    c.status,
    c.channel,
    c.reason,
    c.product,
    c.priority,
    case when c.owner_id like '005%' and u.user_id is null then c.owner_id end as owner_id,
    case
        when c.owner_id like '00G%' then coalesce(g.developer_name, c.owner_id) else l.group_id
    end as group_id,
    c.parent_case_id,
    c.resolution_code,
    case
        when c.milestone_status = 'Compliant'
        then true
        when c.milestone_status in ('Open Violation', 'Closed Violation')
        then false
    end as is_sla_met,
    case when n.n_articles > 0 then true end as is_knowledge_used,
    {{
        null_columns(
            "cases",
            [
                "vendor_reassignment_count",
                "vendor_reopen_count",
                "vendor_resolved_at",
                "is_timely_response",
            ],
        )
    }},
    -- Salesforce deletes what it merges.
    case when c.master_case_id is not null then false else c.is_deleted end as is_deleted,
    c.master_case_id as merged_into,
    c.delivered_at
from cases as c
left join contacts as k on c.source_instance = k.source_instance and c.contact_id = k.contact_id
left join
    accounts as a
    on c.source_instance = a.source_instance
    and coalesce(c.account_id, k.account_id) = a.account_id
left join system_users as u on c.source_instance = u.source_instance and c.owner_id = u.user_id
left join queues as g on c.source_instance = g.source_instance and c.owner_id = g.group_id
left join last_groups as l on c.source_instance = l.source_instance and c.case_id = l.case_id
left join linked_articles as n on c.source_instance = n.source_instance and c.case_id = n.case_id
