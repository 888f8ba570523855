-- One row per delivered version of one export of one conversation.
-- Made by `make generate`; do not edit.
{{ every_version("raw_genesys_cloud", "conversations") }}
