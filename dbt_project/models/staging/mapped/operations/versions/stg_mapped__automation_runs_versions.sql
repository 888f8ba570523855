-- One row per delivered version of one run of an automation.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "automation_runs") }}
