-- One row per rating.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "satisfaction_ratings") }}
