-- One row per item: the case or chain that it belongs to on record, and a second one that it ties to
-- the first. A case belongs to itself and is tied to its parent; a contact belongs to its recorded
-- case, or else to its chain, and ties the one to the other. A recorded case that no CRM delivered
-- still ties its contacts together.
with
    chains as (
        select chain_key from {{ ref("int_contact__enriched") }} group by chain_key having count(*) > 1
    ),

    contacts as (
        select
            c.contact_key as item_key,
            coalesce(
                c.recorded_case_key,
                case
                    when c.recorded_case_id is not null
                    then {{ hash_key(["'case'", "c.centre", "c.recorded_case_id"]) }}
                end
            ) as case_key,
            s.chain_key
        from {{ ref("int_contact__enriched") }} as c
        left join chains as s on c.chain_key = s.chain_key
    )

select
    case_key as item_key,
    case_key as anchor_key,
    case
        when parent_case_id is not null then {{ hash_key(["'case'", "source_instance", "parent_case_id"]) }}
    end as linked_anchor_key
from {{ ref("int_case__enriched") }}
union all
select
    item_key,
    coalesce(case_key, chain_key, item_key) as anchor_key,
    case when case_key is not null then chain_key end as linked_anchor_key
from contacts
