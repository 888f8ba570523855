-- One row per centre and id under which exactly one customer is also known in another system.
-- An id that several customers list leads to nobody, as a placeholder would. Within its source a customer
-- keeps its own id, whoever lists it; only other sources may know that customer by another id.
with
    listed_ids as (
        select distinct
            centre,
            source_instance,
            customer_id,
            coalesce(merged_into, customer_id) as surviving_id,
            {{ each_item("other_ids") }} as other_id
        from {{ ref("int_entity__customers") }}
        where other_ids is not null
    ),

    ids_of_others as (
        select l.*
        from listed_ids as l
        left join
            {{ ref("int_entity__customers") }} as c
            on l.source_instance = c.source_instance
            and l.other_id = c.customer_id
        where c.customer_id is null and l.other_id <> l.customer_id
    )

select centre, other_id, min(surviving_id) as customer_id
from ids_of_others
group by centre, other_id
having count(distinct surviving_id) = 1 and min(surviving_id) <> other_id
