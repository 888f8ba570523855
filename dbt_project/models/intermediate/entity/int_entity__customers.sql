-- One row per customer, of all sources.
{{
    entity_union(
        "customers",
        [
            "stg_mapped__customers",
            "stg_salesforce__customers",
            "stg_servicenow__customers",
            "stg_zendesk__customers",
        ],
    )
}}
