-- One row per metric that a session of one export of a conversation emitted.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_genesys_cloud", "metrics") }}
