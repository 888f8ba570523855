-- One row per case after one update.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "case_snapshots") }}
