-- One row per contact, of all sources.
{{
    entity_union(
        "contacts",
        [
            "stg_mapped__contacts",
            "stg_amazon_connect__contacts",
            "stg_asterisk__contacts",
            "stg_genesys_cloud__contacts",
        ],
    )
}}
