-- One row per delivered version of one queue in one interval.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "queue_intervals") }}
