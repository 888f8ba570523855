-- One row per delivered version of one message between customer and agent.
-- Made by `make generate`; do not edit.
{{ every_version("raw_mapped", "messages") }}
