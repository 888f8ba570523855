-- One row per export of one conversation.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_genesys_cloud", "conversations") }}
