-- One row per leg of a contact, of all sources.
{{
    entity_union(
        "legs",
        ["stg_mapped__legs", "int_amazon_connect__legs", "int_asterisk__legs", "int_genesys_cloud__legs"],
    )
}}
