-- One row per message between customer and agent.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "messages") }}
