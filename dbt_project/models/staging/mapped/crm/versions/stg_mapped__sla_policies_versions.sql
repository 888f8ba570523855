-- One row per delivered version of one service level target while it was in force.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "sla_policies") }}
