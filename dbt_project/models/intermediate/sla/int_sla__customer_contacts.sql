-- One row per case and moment at which the customer was in touch about it, by a contact or a message.
select case_key, started_at as contacted_at
from {{ ref("int_contact__enriched") }}
where case_key is not null and is_customer_initiated is distinct from false
union
select {{ entity_key("case", "m") }}, m.sent_at
from {{ ref("stg_mapped__messages_versions") }} as m
where m.case_id is not null and m.direction is distinct from 'outbound'
