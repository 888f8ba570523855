-- One row per delivered version of one rating.
-- Made by `make generate`; do not edit.
{{ every_version("raw_zendesk", "satisfaction_ratings") }}
