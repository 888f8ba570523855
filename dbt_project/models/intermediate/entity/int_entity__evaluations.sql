-- One row per quality evaluation, of all sources.
{{
    entity_union(
        "evaluations",
        ["stg_mapped__evaluations", "stg_amazon_connect__evaluations", "stg_genesys_cloud__evaluations"],
    )
}}
