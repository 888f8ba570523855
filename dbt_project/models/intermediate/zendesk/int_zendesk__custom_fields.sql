-- One row per ticket with custom fields of a known meaning.
-- Of several fields with one meaning, the smallest value counts.
{% set meanings = ["reason", "product", "resolution_code"] %}
select
    v.source_instance,
    v.ticket_id
    {% for meaning in meanings %}
        , min(case when f.meaning = '{{ meaning }}' then v.value end) as {{ meaning }}
    {% endfor %}
from {{ ref("stg_zendesk__ticket_custom_fields") }} as v
inner join
    {{ ref("stg_zendesk__ticket_fields") }} as f
    on v.source_instance = f.source_instance
    and v.field_id = f.field_id
group by v.source_instance, v.ticket_id
