-- One row per article attached to one task.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "task_articles") }}
