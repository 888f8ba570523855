-- One row per delivered version of one alert.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "alerts") }}
