-- One row per item of an evaluation.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "evaluation_items") }}
