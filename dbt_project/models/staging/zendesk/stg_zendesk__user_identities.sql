-- One row per address of one user as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "user_identities") }}
