-- One row per source instance and entity it feeds.
select source_instance, centre, connector, time_zone, entity, keep, derive_escalations
from {{ source("raw_faultline", "sources") }}
