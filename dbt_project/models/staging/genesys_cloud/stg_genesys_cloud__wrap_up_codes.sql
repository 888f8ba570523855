-- One row per wrap-up code.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_genesys_cloud", "wrap_up_codes") }}
