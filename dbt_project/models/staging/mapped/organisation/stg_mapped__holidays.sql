-- One row per closed day.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "holidays") }}
