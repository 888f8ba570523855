{# Rows of a seed on Spark. dbt-spark writes an empty cell as the text `None`. #}
{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model["config"].get("column_types", {}) -%}
    {%- set sql -%}
        insert into {{ this.render() }} values
        {% for row in agate_table.rows -%}
            (
            {%- for column in agate_table.column_names -%}
                {%- set type = types.get(column, adapter.convert_type(agate_table, loop.index0)) -%}
                {%- set value = row[column] -%}
                cast(
                    {%- if value is none -%} null
                    {%- else -%} '{{ (value | string).replace("\\", "\\\\").replace("'", "\\'") }}'
                    {%- endif %}
                    as {{ type }}
                )
                {%- if not loop.last -%}, {% endif -%}
            {%- endfor -%}
            )
            {%- if not loop.last %}, {% endif -%}
        {%- endfor %}
    {%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return(sql) }}
{% endmacro %}
