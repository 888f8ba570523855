-- One row per delivered version of one note on a case.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "notes") }}
