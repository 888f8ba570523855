-- One row per quality sampling plan while it was in force, of all sources.
{{ entity_union("plans", ["stg_mapped__plans"]) }}
