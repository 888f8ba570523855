-- One row per contact, with the local day and the dimensions by which metrics split it.
select *, started_date as day, first_team_id as team, first_queue_group as queue_group
from {{ ref("int_contact__enriched") }}
