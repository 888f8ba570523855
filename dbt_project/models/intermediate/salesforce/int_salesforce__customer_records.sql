-- One row per account, or person without an account, that describes a customer.
with
    all_accounts as (select * from {{ ref("stg_salesforce__accounts") }} as a),

    accounts as (
        select * from all_accounts where not coalesce(is_deleted, false) or master_account_id is not null
    ),

    contacts as (
        select *
        from {{ ref("stg_salesforce__contacts") }} as k
        where not coalesce(is_deleted, false) or master_contact_id is not null
    )

select
    a.centre,
    a.source_instance,
    coalesce(a.account_number, a.account_id) as customer_id,
    a.account_id as record_id,
    a.segment,
    a.tier,
    a.country as region,
    a.time_zone,
    coalesce(m.account_number, a.master_account_id) as merged_into,
    case when a.type = 'Internal' then true when a.type is not null then false end as is_internal,
    a.created_at,
    a.modified_at,
    a.delivered_at
from accounts as a
left join all_accounts as m on a.source_instance = m.source_instance and a.master_account_id = m.account_id
union all
select
    k.centre,
    k.source_instance,
    coalesce(k.account_id, k.contact_id),
    coalesce(k.account_id, k.contact_id),
    cast(null as {{ dbt.type_string() }}),
    cast(null as {{ dbt.type_string() }}),
    k.country,
    cast(null as {{ dbt.type_string() }}),
    case when k.account_id is null then coalesce(ma.account_number, mk.account_id, k.master_contact_id) end,
    cast(null as boolean),
    k.created_at,
    k.modified_at,
    k.delivered_at
from contacts as k
left join all_accounts as a on k.source_instance = a.source_instance and k.account_id = a.account_id
left join contacts as mk on k.source_instance = mk.source_instance and k.master_contact_id = mk.contact_id
left join all_accounts as ma on mk.source_instance = ma.source_instance and mk.account_id = ma.account_id
where a.account_id is null
