-- One row per message between customer and agent, of all sources.
{{ entity_union("messages", ["stg_mapped__messages", "int_zendesk__messages"]) }}
