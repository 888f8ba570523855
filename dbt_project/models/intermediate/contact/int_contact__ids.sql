-- One row per centre and contact id: the key of the contact that bears it, NULL where several sources use it.
-- Systems that name a contact, such as one for quality, name it without its source.
select centre, contact_id, case when count(*) = 1 then min(contact_key) end as contact_key
from {{ ref("int_entity__contacts") }}
group by centre, contact_id
