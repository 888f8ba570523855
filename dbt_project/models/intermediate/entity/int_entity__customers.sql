-- One row per customer, of all sources.
{{
    entity_union(
        "customers",
        [
            "stg_mapped__customers",
            "int_salesforce__customers",
            "int_servicenow__customers",
            "int_zendesk__customers",
        ],
    )
}}
