-- Returns rows (failure) for every count that holds more than it looked at, or less than
-- nothing.
select blind_spot_id, source_instance, team, reason, channel, event_date
from {{ ref("cov_all") }}
where n_affected < 0 or n_undecidable < 0 or n_affected + n_undecidable > n_total
