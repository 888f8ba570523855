-- One row per service level target while it was in force, of all sources.
{{ entity_union("sla_policies", ["stg_mapped__sla_policies", "int_zendesk__sla_policies"]) }}
