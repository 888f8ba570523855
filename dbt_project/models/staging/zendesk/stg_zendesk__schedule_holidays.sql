-- One row per holiday of one schedule as it stood at a delivery.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_zendesk", "schedule_holidays") }}
