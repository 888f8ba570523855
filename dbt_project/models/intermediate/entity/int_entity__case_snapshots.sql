-- One row per case after one update, of all sources.
{{ entity_union("case_snapshots", ["stg_mapped__case_snapshots"]) }}
