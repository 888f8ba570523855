-- One row per delivered version of one sentiment score of a contact.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "sentiment") }}
