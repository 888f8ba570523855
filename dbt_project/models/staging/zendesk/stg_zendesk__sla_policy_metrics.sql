-- One row per target of one policy for one priority as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "sla_policy_metrics") }}
