-- One row per event of a service level clock, of all sources.
{{ entity_union("sla_events", ["stg_mapped__sla_events", "int_zendesk__sla_events"]) }}
