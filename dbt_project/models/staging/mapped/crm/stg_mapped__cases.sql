-- One row per case as it stands at delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "cases") }}
