-- One row per session of a participant of one export of a conversation.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_genesys_cloud", "sessions") }}
