-- One row per field of tickets as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "ticket_fields") }}
