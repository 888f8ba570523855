-- One row per item of an evaluation, of all sources.
{{
    entity_union(
        "evaluation_items", ["stg_mapped__evaluation_items", "int_amazon_connect__evaluation_items"]
    )
}}
