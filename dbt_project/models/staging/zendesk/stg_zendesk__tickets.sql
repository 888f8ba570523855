-- One row per ticket.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "tickets") }}
