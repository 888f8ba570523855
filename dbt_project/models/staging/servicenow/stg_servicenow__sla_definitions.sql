-- One row per definition of a service level target as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "sla_definitions") }}
