-- One row per event of a service level clock.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "sla_events") }}
