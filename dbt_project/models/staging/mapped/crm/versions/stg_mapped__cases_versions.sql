-- One row per delivered version of one case as it stands at delivery.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "cases") }}
