-- One row per delivered version of one Contact Lens analysis of one contact, original or redacted.
-- Made by `make generate`; do not edit.
{{ every_version("raw_amazon_connect", "analyses") }}
