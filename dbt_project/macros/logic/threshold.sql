{# A threshold of the registry as a scalar. #}
{% macro threshold(threshold_id) -%}
    (select t.value from {{ ref("thresholds") }} as t where t.threshold_id = '{{ threshold_id }}')
{%- endmacro %}

{# A threshold of the registry as a literal, for frames and date arithmetic, where engines want one. #}
{% macro threshold_literal(threshold_id) %} {{ return(threshold_values()[threshold_id]) }} {% endmacro %}
