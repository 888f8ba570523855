-- One row per delivered version of one deliberate improvement.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "interventions") }}
