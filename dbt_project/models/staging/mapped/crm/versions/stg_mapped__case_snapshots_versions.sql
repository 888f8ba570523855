-- One row per delivered version of one case after one update.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "case_snapshots") }}
