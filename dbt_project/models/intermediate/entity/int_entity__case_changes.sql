-- One row per change of one field of one case, of all sources.
{{
    entity_union(
        "case_changes",
        [
            "int_mapped__case_changes",
            "int_amazon_connect__case_changes",
            "int_salesforce__case_changes",
            "int_servicenow__case_changes",
            "int_zendesk__case_changes",
        ],
    )
}}
