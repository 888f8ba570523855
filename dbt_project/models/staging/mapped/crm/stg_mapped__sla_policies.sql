-- One row per service level target while it was in force.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "sla_policies") }}
