-- One row per delivered version of one change of one field of one record.
-- Made by `make generate`; do not edit.
{{ every_version("raw_servicenow", "audits") }}
