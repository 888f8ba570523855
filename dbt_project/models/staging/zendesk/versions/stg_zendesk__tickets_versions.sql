-- One row per delivered version of one ticket.
-- Made by `make generate`; do not edit.
{{ every_version("raw_zendesk", "tickets") }}
