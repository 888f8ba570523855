-- One row per quality evaluation, of all sources.
{{
    entity_union(
        "evaluations",
        ["stg_mapped__evaluations", "int_amazon_connect__evaluations", "int_genesys_cloud__evaluations"],
    )
}}
