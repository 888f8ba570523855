-- One row per contact considered by a sampling plan, of all sources.
{{ entity_union("samples", ["stg_mapped__samples"]) }}
