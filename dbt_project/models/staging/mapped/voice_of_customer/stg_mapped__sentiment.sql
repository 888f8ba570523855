-- One row per sentiment score of a contact.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "sentiment") }}
