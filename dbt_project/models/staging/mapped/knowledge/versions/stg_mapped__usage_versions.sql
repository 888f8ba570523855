-- One row per delivered version of one use of the knowledge base.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "usage") }}
