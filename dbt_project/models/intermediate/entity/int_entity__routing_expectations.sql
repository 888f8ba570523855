-- One row per expected route of a reason while it was in force, of all sources.
{{ entity_union("routing_expectations", ["stg_mapped__routing_expectations"]) }}
