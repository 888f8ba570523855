-- One row per leg of a contact, of all sources.
{{
    entity_union(
        "legs",
        ["stg_mapped__legs", "stg_amazon_connect__legs", "stg_asterisk__legs", "stg_genesys_cloud__legs"],
    )
}}
