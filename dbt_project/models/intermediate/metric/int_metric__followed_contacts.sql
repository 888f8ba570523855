-- One row per chain of contacts that a customer began, with what metrics split it by.
select f.*, c.centre, c.day, c.channel, c.reason, c.team, c.queue_group
from {{ ref("int_contact__follow_ups") }} as f
inner join {{ ref("int_metric__contacts") }} as c on f.contact_key = c.contact_key
