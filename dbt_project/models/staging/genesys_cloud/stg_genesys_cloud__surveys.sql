-- One row per survey of one export of a conversation.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_genesys_cloud", "surveys") }}
