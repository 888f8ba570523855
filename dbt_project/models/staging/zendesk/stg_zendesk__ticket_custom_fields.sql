-- One row per custom field of one version of one ticket.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "ticket_custom_fields") }}
