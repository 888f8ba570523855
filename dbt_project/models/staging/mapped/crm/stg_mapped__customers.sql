-- One row per customer.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "customers") }}
