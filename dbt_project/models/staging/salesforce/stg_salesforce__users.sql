-- One row per user as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_salesforce", "users") }}
