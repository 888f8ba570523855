{# A deterministic key over columns, never NULL. Callers see to it that only the last column may hold `|`, and that
   no id is NULL where the key is joined: a NULL counts as the text `<null>`. Keys count as their text, which is the
   same on every engine. #}
{% macro hash_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set value = key_text(column) if column.endswith("_key") else column -%}
        {%- do parts.append("coalesce(cast(" ~ value ~ " as " ~ dbt.type_string() ~ "), '<null>')") -%}
        {%- if not loop.last -%} {%- do parts.append("'|'") -%} {%- endif -%}
    {%- endfor -%}
    {{ as_key(dbt.hash(dbt.concat(parts))) }}
{%- endmacro %}

{# The key of a contact or case in a relation with its source instance and id. #}
{% macro entity_key(entity, relation) -%}
    {{ hash_key(["'" ~ entity ~ "'", relation ~ ".source_instance", relation ~ "." ~ entity ~ "_id"]) }}
{%- endmacro %}

{# The key of a customer, who is one person in all sources of a centre; NULL without an id. #}
{% macro customer_key(centre, customer_id) -%}
    case when {{ customer_id }} is not null then {{ hash_key(["'customer'", centre, customer_id]) }} end
{%- endmacro %}
