-- One row per run: the moment to look from, NULL for the newest event.
select as_of_at from {{ source("raw_faultline", "parameters") }}
