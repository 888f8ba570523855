-- One row per delivered version of one release, price or policy change.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "changes") }}
