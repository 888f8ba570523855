-- One row per delivered version of one item of an evaluation.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "evaluation_items") }}
