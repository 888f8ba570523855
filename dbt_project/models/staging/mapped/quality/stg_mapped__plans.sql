-- One row per quality sampling plan while it was in force.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "plans") }}
