-- One row per change of one field of one case, of all sources.
{{
    entity_union(
        "case_changes",
        [
            "stg_mapped__case_changes",
            "stg_amazon_connect__case_changes",
            "stg_salesforce__case_changes",
            "stg_servicenow__case_changes",
            "stg_zendesk__case_changes",
        ],
    )
}}
