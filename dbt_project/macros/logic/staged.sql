{# Rows of a raw table known at the moment looked from, the newest version of each key; or, with
   `versions`, the newest version at the moment of each delivery.

   Of a log of events the earliest event of a key counts, and of the deliveries that tell of it the newest:
   `keep` of the contract or of the source file says which tables are logs. Among deliveries of the same
   moment the greatest content wins, so file order never matters. Of a table whose lines land, the later line
   wins, and its place stands beside the row. A table with a `sequence` keeps every row that the newest delivery
   has of a key, where that column is NULL. #}
{% macro staged(table, schema="raw_mapped", versions=false) %}
    {%- set spec = raw_tables()[schema ~ "." ~ table] -%}
    {%- set columns = spec["columns"] -%}
    {%- set may_be_log = schema == "raw_mapped" and spec.event_at and spec.event_at not in spec.key -%}
    with
        known as (
            select
                source.*
                {%- if may_be_log %}, coalesce(fed.keep, '{{ spec.keep }}') = 'first' as _is_log {%- endif %}
            from {{ source(schema, table) }} as source
            {% if may_be_log -%}
                left join
                    {{ source("raw_faultline", "sources") }} as fed
                    on source.source_instance = fed.source_instance
                    and fed.entity = '{{ table }}'
            {% endif -%}
            {% if spec.event_at -%}
                cross join {{ source("raw_faultline", "parameters") }} as parameters
                where
                    parameters.as_of_at is null
                    or source.{{ spec.event_at }} is null
                    or source.{{ spec.event_at }} <= parameters.as_of_at
            {%- endif %}
        )
    select
        centre,
        source_instance,
        {% for c in columns %} {{ adapter.quote(c) }} as {{ c }}, {% endfor %}
        {% if spec.lines %}
            _source_file as source_file, _delivery_id as delivery_id, _source_line as source_line,
        {% endif %}
        _delivered_at as delivered_at
    from known
    qualify
        row_number() over (
            partition by
                source_instance, {{ spec.key | join(", ") }} {%- if versions %}, _delivered_at{% endif %}
            order by
                {% if may_be_log %} case when _is_log then {{ spec.event_at }} end nulls last, {% endif %}
                {% for c in spec.version_at %} {{ c }} desc nulls last, {% endfor %}
                _delivered_at desc,
                {% if may_be_log %} {{ spec.event_at }} desc nulls last, {% endif %}
                {% if spec.lines %} _source_file desc, _delivery_id desc, _source_line desc nulls last
                {% else %}
                    {% for c in columns if c not in spec.key %} {{ c }} desc nulls last,
                    {% endfor %}
                    _delivery_id desc
                {% endif %}
        )
        = 1
        {% if spec.sequence %}
            or (
                {{ spec.sequence }} is null
                and _delivery_id = first_value(_delivery_id) over (
                    partition by source_instance, {{ spec.key | join(", ") }}
                    order by
                        _delivered_at desc, _source_file desc, _delivery_id desc, _source_line desc nulls last
                )
            )
        {% endif %}
{% endmacro %}
