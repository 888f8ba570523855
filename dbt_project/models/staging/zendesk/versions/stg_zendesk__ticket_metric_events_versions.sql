-- One row per delivered version of one event of one clock of one ticket.
-- Made by `make generate`; do not edit.
{{ every_version("raw_zendesk", "ticket_metric_events") }}
