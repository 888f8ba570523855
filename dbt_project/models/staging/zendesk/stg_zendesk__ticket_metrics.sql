-- One row per ticket's counters as they stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "ticket_metrics") }}
