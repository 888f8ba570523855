-- One row per deletion of one record.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "deletions") }}
