-- One row per delivered version of one policy applied to one ticket.
-- Made by `make generate`; do not edit.
{{ every_version("raw_zendesk", "ticket_slas") }}
