-- One row per case as it stands at its newest delivery, of all sources.
{{
    entity_union(
        "cases",
        [
            "stg_mapped__cases",
            "int_amazon_connect__cases",
            "int_salesforce__cases",
            "int_servicenow__cases",
            "int_zendesk__cases",
        ],
    )
}}
