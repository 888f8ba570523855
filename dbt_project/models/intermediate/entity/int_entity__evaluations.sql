-- One row per quality evaluation, of all sources.
{{ entity_union("evaluations", ["stg_mapped__evaluations"]) }}
