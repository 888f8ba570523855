-- One row per delivered version of one event of a service level clock.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "sla_events") }}
