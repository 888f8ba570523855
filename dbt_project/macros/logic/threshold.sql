{# A threshold of the registry as a scalar. #}
{% macro threshold(threshold_id) -%}
    (select t.value from {{ ref("thresholds") }} as t where t.threshold_id = '{{ threshold_id }}')
{%- endmacro %}
