-- One row per opening interval of a weekday while it was in force, of all sources.
{{ entity_union("calendars", ["stg_mapped__calendars", "int_zendesk__calendars"]) }}
