-- One row per delivered version of one quality evaluation.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "evaluations") }}
