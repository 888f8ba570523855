-- One row per quality evaluation.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "evaluations") }}
