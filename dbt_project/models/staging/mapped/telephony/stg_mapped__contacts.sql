-- One row per contact, the customer's whole session on one channel.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "contacts") }}
