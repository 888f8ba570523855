-- One row per delivered version of one survey response.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "surveys") }}
