-- One row per case after one update, of all sources.
{{ entity_union("case_snapshots", ["int_mapped__case_snapshots"]) }}
