-- One row per where a reason should be routed, while it was in force.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "routing_expectations") }}
