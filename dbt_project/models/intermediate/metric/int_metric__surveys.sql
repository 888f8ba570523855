-- One row per survey of a customer, with what metrics split it by.
select u.*, cast(u.local_at as date) as day, c.channel, c.reason, c.first_team_id as team
from {{ ref("int_voice_of_customer__surveys") }} as u
left join {{ ref("int_contact__enriched") }} as c on u.contact_key = c.contact_key
