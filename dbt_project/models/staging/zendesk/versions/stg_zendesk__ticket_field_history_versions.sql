-- One row per delivered version of one value that one field of one ticket was given.
-- Made by `make generate`; do not edit.
{{ every_version("raw_zendesk", "ticket_field_history") }}
