{# The rows of one entity of the contract from every staging model that feeds it.

   Customers that were merged bear the id that survives, in every entity but their own. A value that breaks
   a rule of the contract about times is NULL, and `is_order_possible` is false; it is NULL where the row
   has nothing to compare. Words of a vocabulary stand in our spelling. #}
{% macro entity_union(entity, models) %}
    {%- set columns = contract()[entity] -%}
    {%- set restates = "customer_id" in columns and entity != "customers" -%}
    {%- set times = possible_times(entity) -%}
    {%- for model in models %}
        select
            e.centre,
            e.source_instance,
            {%- for column in columns %}
                {%- if restates and column == "customer_id" %}
                    coalesce(m.customer_id, e.customer_id) as customer_id,
                {%- elif column in times["values"] %} {{ times["values"][column] }} as {{ column }},
                {%- elif entity ~ "." ~ column in vocabulary() %}
                    {{ our_word("e." ~ column, entity ~ "." ~ column) }} as {{ column }},
                {%- elif entity == "case_changes" and column in ["old_value", "new_value"] %}
                    case
                        when {{ folded_word("e.field") }} = 'status'
                        then {{ our_word("e." ~ column, "cases.status") }}
                        else e.{{ column }}
                    end as {{ column }},
                {%- else %} e.{{ column }},
                {%- endif %}
            {%- endfor %}
            {{ times.is_possible }} as is_order_possible,
            e.delivered_at
        from {{ ref(model) }} as e
        {%- if restates %}
            left join
                {{ ref("int_identity__merges") }} as m
                on e.centre = m.centre
                and e.customer_id = m.merged_customer_id
        {%- endif %}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
{% endmacro %}
