-- One row per recorded escalation.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "escalations") }}
