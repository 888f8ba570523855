-- Returns rows (failure) for every hour in which the methods do not add up to the matches, and for every
-- source whose hours do not add up to its contacts.
{{ config(meta={"dagster": {"ref": {"name": "mart_identity_match"}}}) }}
select source_instance, channel, hour_of_day, n_contacts, n_matched
from {{ ref("mart_identity_match") }}
where
    n_by_case_id + n_by_customer_id + n_by_other_id + n_by_phone + n_by_email + n_by_shared_phone <> n_matched
    or n_matched > n_contacts
    or hour_of_day not between 0
    and 23
union all
select c.source_instance, null, null, c.n_contacts, m.n_contacts
from
    (
        select source_instance, count(*) as n_contacts from {{ ref("mart_contact") }} group by source_instance
    ) as c
left join
    (
        select source_instance, sum(n_contacts) as n_contacts
        from {{ ref("mart_identity_match") }}
        group by source_instance
    ) as m
    on c.source_instance = m.source_instance
where m.n_contacts is null or m.n_contacts <> c.n_contacts
