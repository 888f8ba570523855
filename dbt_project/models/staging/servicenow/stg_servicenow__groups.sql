-- One row per group of users as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "groups") }}
