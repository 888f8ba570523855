-- One row per value that one field of one ticket was given.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "ticket_field_history") }}
