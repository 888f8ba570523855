-- One row per event in the life of a contact record, delivered where possible.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_amazon_connect", "contact_events") }}
