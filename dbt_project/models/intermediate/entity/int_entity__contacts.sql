-- One row per contact, of all sources.
{{
    entity_union(
        "contacts",
        [
            "stg_mapped__contacts",
            "int_amazon_connect__contacts",
            "int_asterisk__contacts",
            "int_genesys_cloud__contacts",
        ],
    )
}}
