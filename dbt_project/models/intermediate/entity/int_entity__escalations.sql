-- One row per recorded escalation, of all sources.
{{ entity_union("escalations", ["stg_mapped__escalations"]) }}
