-- One row per delivered version of one recorded escalation.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "escalations") }}
