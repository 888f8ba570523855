-- One row per opening interval of a weekday while it was in force.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "calendars") }}
