-- One row per queue while the row was in force, of all sources.
{{ entity_union("queues", ["stg_mapped__queues"]) }}
