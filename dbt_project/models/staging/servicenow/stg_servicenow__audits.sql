-- One row per change of one field of one record.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "audits") }}
