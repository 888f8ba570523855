-- One row per case as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_salesforce", "cases") }}
