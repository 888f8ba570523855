{# The rows of one entity of the contract from every staging model that feeds it.

   Customers and cases that were merged bear the id that stands for them, in every entity that names them, and so
   do customers named by an id of another system; of contacts `customer_id_method` says which it was. The
   history of a merged case stays its own: mixed into another case's it would tear both. A value that breaks
   a rule of the contract about times is NULL, and `is_order_possible` is false; it is NULL where the row
   has nothing to compare. Words of a vocabulary stand in our spelling. Contacts, legs, cases and their history,
   and customers get the key that models join by. #}
{% macro entity_union(entity, models) %}
    {%- set columns = contract()[entity] -%}
    {%- set restates = "customer_id" in columns and entity != "customers" -%}
    {%- set customer = "coalesce(m.customer_id, e.customer_id)" if restates else "e.customer_id" -%}
    {%- set has_cases_of_its_own = entity in ["cases", "case_snapshots", "case_changes", "sla_events"] -%}
    {%- set key = "case" if has_cases_of_its_own else "contact" if entity in ["contacts", "legs"] -%}
    {%- set names_cases = "case_id" in columns and not has_cases_of_its_own -%}
    {%- set names_parents = "parent_case_id" in columns -%}
    {%- set times = possible_times(entity) -%}
    {%- for model in models %}
        select
            e.centre,
            e.source_instance,
            {%- if key %} {{ entity_key(key, "e") }} as {{ key }}_key, {%- endif %}
            {%- if entity == "contacts" %}
                {{ hash_key(["'chain'", "e.source_instance", "coalesce(e.chain_id, e.contact_id)"]) }}
                as chain_key,
            {%- endif %}
            {%- if entity in ["customers", "escalations"] %}
                {{ customer_key("e.centre", customer) }} as customer_key,
            {%- endif %}
            {%- for column in columns %}
                {%- if restates and column == "customer_id" %}
                    {{ customer }} as customer_id,
                    {%- if entity == "contacts" %} m.method as customer_id_method, {%- endif %}
                {%- elif names_cases and column == "case_id" %}
                    coalesce(c.case_id, o.case_id, e.case_id) as case_id,
                {%- elif names_parents and column == "parent_case_id" %}
                    nullif(coalesce(p.case_id, e.parent_case_id), e.case_id) as parent_case_id,
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
        {%- if names_cases %}
            left join
                {{ ref("int_case__merges") }} as c
                on e.source_instance = c.source_instance
                and e.case_id = c.merged_case_id
            left join
                {{ ref("int_case__merges") }} as o
                on e.centre = o.centre
                and e.case_id = o.merged_case_id
                and o.is_unique_in_centre
        {%- endif %}
        {%- if names_parents %}
            left join
                {{ ref("int_case__merges") }} as p
                on e.source_instance = p.source_instance
                and e.parent_case_id = p.merged_case_id
        {%- endif %}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
{% endmacro %}
