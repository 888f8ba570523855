-- One row per organization of customers as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "organizations") }}
