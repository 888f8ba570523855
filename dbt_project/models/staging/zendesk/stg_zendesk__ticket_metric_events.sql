-- One row per event of one clock of one ticket.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "ticket_metric_events") }}
