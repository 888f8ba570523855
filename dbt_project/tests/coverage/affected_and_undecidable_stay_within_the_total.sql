-- Returns rows (failure) for every measure that counts more than it looked at, or less than
-- nothing.
select blind_spot_id, source_instance, team, reason, channel, day
from {{ ref("cov_measures") }}
where affected_n < 0 or undecidable_n < 0 or affected_n + undecidable_n > total_n
