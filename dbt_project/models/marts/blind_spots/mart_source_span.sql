-- One row per source instance: the time its data cover and the moment they reach up to.
select centre, source_instance, time_zone, first_event_at, as_of_at, first_date, last_date
from {{ ref("int_source__spans") }}
