-- One row per agent while the row was in force, of all sources.
{{ entity_union("agents", ["stg_mapped__agents"]) }}
