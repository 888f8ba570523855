-- One row per change of one field of one case.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "case_changes") }}
