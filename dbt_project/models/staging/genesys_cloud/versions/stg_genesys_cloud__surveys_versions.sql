-- One row per delivered version of one survey of one export of a conversation.
-- Made by `make generate`; do not edit.
{{ every_version("raw_genesys_cloud", "surveys") }}
