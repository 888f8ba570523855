-- One row per contact record.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_amazon_connect", "contact_records") }}
