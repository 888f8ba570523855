-- One row per Contact Lens analysis of one contact, original or redacted.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_amazon_connect", "analyses") }}
