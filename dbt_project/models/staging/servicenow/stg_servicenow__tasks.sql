-- One row per task of any class as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "tasks") }}
