-- One row per delivered version of one service level target of one task as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ every_version("raw_servicenow", "task_slas") }}
