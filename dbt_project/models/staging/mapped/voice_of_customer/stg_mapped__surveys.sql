-- One row per survey response.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "surveys") }}
