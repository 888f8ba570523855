-- One row per delivered version of one permission check.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "permission_events") }}
