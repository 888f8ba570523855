-- One row per day on which a calendar is closed, of all sources.
{{ entity_union("holidays", ["stg_mapped__holidays", "int_zendesk__holidays"]) }}
