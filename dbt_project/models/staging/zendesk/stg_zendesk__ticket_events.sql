-- One row per event of one audit of one ticket.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "ticket_events") }}
