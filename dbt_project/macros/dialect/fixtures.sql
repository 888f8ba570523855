{# Rows of a unit test in place of a model.

   No relation tells the columns of a staging model that is inlined; they are those of its table. A row that holds
   the columns of a key, and not the key, gets it. #}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
    {%- set types = {} -%}
    {%- if model.name.startswith("stg_") and not load_relation(this) -%}
        {%- set source, table = model.name.removeprefix("stg_").split("__") -%}
        {%- set table = table.removesuffix("_versions").removesuffix("_by_delivery") -%}
        {%- set place = {"schema": source if source == "judged" else "raw_" ~ source, "identifier": table} -%}
        {%- set spec = raw_tables().get(place.schema ~ "." ~ table, {"lines": true}) -%}
        {%- set left_out = ["_as_of_at", "_keeps_first"] -%}
        {%- if not spec.lines -%}
            {%- do left_out.extend(["_source_file", "_delivery_id", "_source_line"]) -%}
        {%- endif -%}
        {%- set columns = adapter.get_columns_in_relation(this.incorporate(path=place)) -%}
        {%- for column in columns if column.name not in left_out -%}
            {%- do types.update({column.name.removeprefix("_"): column.data_type}) -%}
        {%- endfor -%}
    {%- else -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do types.update({column.name: column.data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for row in rows or [{}] %}
        {% set given = format_row(with_keys(row, types), types) %}
        select
            {%- for name, type in types.items() %}
                {{ given.get(name, dbt.safe_cast("null", type)) }} as {{ adapter.quote(name) }}
                {%- if not loop.last %}, {%- endif %}
            {%- endfor %}
        {% if not loop.last -%}
            union all
        {%- endif %}
    {%- endfor %}
    {% if not rows -%} limit 0 {%- endif -%}
{% endmacro %}

{# A fixture's row with the keys of its relation that its columns make. Where the relation holds only the key, the
   columns stand for it. #}
{% macro with_keys(row, types) %}
    {%- set case_source = "case_source_instance" if "case_source_instance" in types else "source_instance" -%}
    {%- set columns_of_keys = {
        "contact_key": ["'contact'", "source_instance", "contact_id"],
        "case_key": ["'case'", case_source, "case_id"],
        "recorded_case_key": ["'case'", "recorded_case_source_instance", "recorded_case_id"],
        "chain_key": [
            "'chain'",
            "source_instance",
            "chain_id" if row.get("chain_id") else "contact_id",
        ],
        "merged_case_key": ["'case'", "source_instance", "merged_case_id"],
        "customer_key": ["'customer'", "centre", "customer_id"],
        "item_key": ["item_type", "source_instance", "item_id"],
        "calendar_key": ["'calendar'", "centre", "calendar_id"],
        "unit_key": ["unit_type", "source_instance", "unit_id"],
    } -%}
    {%- set keys, spent = {}, [] -%}
    {%- for key, columns in columns_of_keys.items() if key in types -%}
        {%- set parts, missing = [], [] -%}
        {%- for column in columns -%}
            {%- set value = column[1:-1] if column.startswith("'") else row.get(column) -%}
            {%- if value is none and column != "source_instance" -%}
                {%- do missing.append(column) -%}
            {%- endif -%}
            {%- do parts.append("<null>" if value is none else value) -%}
            {%- if column not in types -%} {%- do spent.append(column) -%} {%- endif -%}
        {%- endfor -%}
        {%- if not missing -%} {%- do keys.update({key: parts | join("|")}) -%} {%- endif -%}
    {%- endfor -%}
    {%- for column, value in row.items() if column not in spent -%}
        {%- do keys.update({column: value}) -%}
    {%- endfor -%}
    {{ return(keys) }}
{% endmacro %}

{# The values of a fixture's row as SQL. A key is given by the texts that it is made of (`case|crm|7`), or by a
   short name that stands in its place and in its order. A list of texts is given as `[a, b]`, in quotes or not. #}
{% macro format_row(row, column_name_to_data_types) %}
    {%- set formatted = {} -%}
    {%- for column, value in row.items() -%}
        {%- set type = column_name_to_data_types.get(column, "") -%}
        {%- set is_list = value is not none and (type.endswith("[]") or type.startswith("array")) -%}
        {%- set is_key = (
            value is string and column.endswith("_key") and column in column_name_to_data_types
        ) -%}
        {%- if is_key and "|" in value -%}
            {%- do formatted.update({column: as_key("'" ~ local_md5(value) ~ "'")}) -%}
        {%- elif is_key and type == "UUID" -%} {%- do formatted.update({column: named_key(value)}) -%}
        {%- elif is_list -%}
            {%- set texts = [] -%}
            {%- for text in (value[1:-1].split(",") if value is string else value) if text -%}
                {%- do texts.append("'" ~ text.strip() ~ "'") -%}
            {%- endfor -%}
            {%- do formatted.update(
                {column: "cast(" ~ array_of(texts | join(", ")) ~ " as " ~ type ~ ")"}
            ) -%}
        {%- else -%} {%- do formatted.update(dbt.format_row({column: value}, column_name_to_data_types)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(formatted) }}
{% endmacro %}
