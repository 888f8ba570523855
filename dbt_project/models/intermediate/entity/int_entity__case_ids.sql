-- One row per delivered case or state of one: what it was merged into, of all sources.
{% set models = [
    "stg_mapped__cases",
    "stg_mapped__case_snapshots",
    "stg_amazon_connect__cases",
    "stg_salesforce__cases",
    "stg_servicenow__cases",
    "stg_zendesk__cases",
] %}
{% for model in models %}
    select centre, source_instance, case_id, merged_into
    from {{ ref(model) }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
