-- One row per survey of a customer, of all sources.
{{ entity_union("surveys", ["stg_mapped__surveys", "int_genesys_cloud__surveys", "int_zendesk__surveys"]) }}
