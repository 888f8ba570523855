-- One row per delivered version of one contact, the customer's whole session on one channel.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "contacts") }}
