-- One row per user, a customer or an agent, as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_servicenow", "users") }}
