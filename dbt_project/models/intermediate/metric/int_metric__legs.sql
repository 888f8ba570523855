-- One row per leg, with the local day of its contact and the dimensions by which metrics split it.
-- The team is the one that took part in the leg.
select l.*, l.team_id as team, c.started_date as day, c.channel, c.reason, c.is_customer_initiated
from {{ ref("int_contact__legs") }} as l
inner join {{ ref("int_contact__enriched") }} as c on l.contact_key = c.contact_key
