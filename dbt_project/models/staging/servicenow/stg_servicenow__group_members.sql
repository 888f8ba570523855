-- One row per member of one group as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "group_members") }}
