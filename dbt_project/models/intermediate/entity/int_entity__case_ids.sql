-- One row per delivered case id and case it was merged into, if into any, of all sources.
{% set models = [
    "stg_mapped__cases",
    "int_mapped__case_snapshots",
    "int_amazon_connect__cases",
    "int_salesforce__cases",
    "int_servicenow__cases",
    "int_zendesk__cases",
] %}
select distinct centre, source_instance, case_id, merged_into
from
    (
        {% for model in models %}
            select centre, source_instance, case_id, merged_into
            from {{ ref(model) }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ) as delivered_cases
