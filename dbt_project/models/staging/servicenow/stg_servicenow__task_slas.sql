-- One row per service level target of one task as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "task_slas") }}
