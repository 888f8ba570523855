-- One row per team while the row was in force, of all sources.
{{ entity_union("teams", ["stg_mapped__teams"]) }}
