-- One row per leg of a customer's contact that an agent answered, with what metrics split it by.
select l.*, l.team_id as team, c.started_date as day, c.channel, c.reason
from {{ ref("int_routing__legs") }} as l
inner join {{ ref("int_contact__enriched") }} as c on l.contact_key = c.contact_key
