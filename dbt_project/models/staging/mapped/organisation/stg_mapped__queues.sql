-- One row per queue while the row was in force.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "queues") }}
