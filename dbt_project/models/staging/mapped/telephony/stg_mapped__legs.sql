-- One row per leg of a contact, one party handling it.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "legs") }}
