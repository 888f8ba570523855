-- One row per person of an account as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_salesforce", "contacts") }}
