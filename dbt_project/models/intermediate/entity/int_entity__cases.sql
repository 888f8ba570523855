-- One row per case as it stands at its newest delivery, of all sources.
{{
    entity_union(
        "cases",
        [
            "stg_mapped__cases",
            "stg_amazon_connect__cases",
            "stg_salesforce__cases",
            "stg_servicenow__cases",
            "stg_zendesk__cases",
        ],
    )
}}
