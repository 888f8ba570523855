-- One row per delivered version of one contact record.
-- Made by `make generate`; do not edit.
{{ every_version("raw_amazon_connect", "contact_records") }}
