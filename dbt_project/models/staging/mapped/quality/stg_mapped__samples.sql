-- One row per contact considered by a sampling plan.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "samples") }}
