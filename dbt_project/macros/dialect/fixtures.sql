{# Rows of a unit test in place of a model.

   No relation tells the columns of a staging model that is inlined; they are those of its table. #}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
    {%- set is_inlined = model.name.startswith("stg_") and not load_relation(this) -%}
    {%- if not is_inlined -%} {{ dbt.get_fixture_sql(rows, column_name_to_data_types) }}
    {%- else -%}
        {%- set source, table = model.name.removeprefix("stg_").split("__") -%}
        {%- set table = table.removesuffix("_versions").removesuffix("_by_delivery") -%}
        {%- set place = {"schema": source if source == "judged" else "raw_" ~ source, "identifier": table} -%}
        {%- set types = {} -%}
        {%- for column in adapter.get_columns_in_relation(this.incorporate(path=place)) -%}
            {%- do types.update({column.name.removeprefix("_"): column.data_type}) -%}
        {%- endfor -%}
        {%- for row in rows or [{}] %}
            {%- set given = dbt.format_row(row, types) %}
            select
                {%- for name, type in types.items() %}
                    {{ given.get(name, dbt.safe_cast("null", type)) }} as {{ adapter.quote(name) }}
                    {%- if not loop.last %}, {%- endif %}
                {%- endfor %}
            {% if not loop.last -%}
                union all
            {%- endif %}
        {%- endfor %}
        {% if not rows -%} limit 0
        {%- endif %}
    {%- endif -%}
{% endmacro %}
