-- One row per delivered version of one leg of a contact, one party handling it.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "legs") }}
