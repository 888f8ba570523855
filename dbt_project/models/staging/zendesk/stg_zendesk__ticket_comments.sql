-- One row per comment on one ticket.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "ticket_comments") }}
