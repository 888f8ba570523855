-- One row per delivered version of one alert rule while it was in force.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "alert_rules") }}
