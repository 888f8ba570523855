-- One row per delivered version of one comment on one ticket.
-- Made by `make generate`; do not edit.
{{ every_version("raw_zendesk", "ticket_comments") }}
