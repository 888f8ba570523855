{# Columns of a staging model: those of its raw table, and when and where each row was delivered. #}
{% macro landed_columns(spec) %}
    centre,
    source_instance,
    {% for c in spec["columns"] %} {{ adapter.quote(c) }} as {{ c }}, {% endfor %}
    {% if spec.lines %}
        _source_file as source_file, _delivery_id as delivery_id, _source_line as source_line,
    {% endif %}
    _delivered_at as delivered_at
{% endmacro %}

{# Rows of a raw table known at the moment looked from, as they landed. #}
{% macro known_rows(schema, table) %}
    {%- set event_at = raw_tables()[schema ~ "." ~ table].event_at -%}
    select *
    from {{ source(schema, table) }}
    {% if event_at -%}
        where _as_of_at is null or {{ event_at }} is null or {{ event_at }} <= _as_of_at
    {%- endif %}
{% endmacro %}

{# Every row of a raw table known at the moment looked from. #}
{% macro every_version(schema, table) %}
    select {{ landed_columns(raw_tables()[schema ~ "." ~ table]) }}
    from ({{ known_rows(schema, table) }}) as k
{% endmacro %}

{# Rows of a raw table known at the moment looked from, the newest version of each key; or, with
   `per_delivery`, the newest version at the moment of each delivery.

   Of a log of events the earliest event of a key counts, and of the deliveries that hold it the newest:
   `keep` of the contract or of the source file says which tables are logs. Among deliveries of the same
   moment the greatest content wins, so file order never matters. Of a table whose lines land, the later line
   wins, and its place stands beside the row. A table with a `sequence` keeps every row that the newest delivery
   has of a key, where that column is NULL.

   Most keys have one row, and most others one row in their newest delivery. Only what is left is ranked: sorting
   a large table by all of its columns takes longer than reading it several times. #}
{% macro latest_version(schema, table, per_delivery=false) %}
    {%- set spec = raw_tables()[schema ~ "." ~ table] -%}
    {%- set columns = spec["columns"] -%}
    {%- set may_be_log = spec.may_keep_first -%}
    {%- set key = ["source_instance"] + spec.key + (["_delivered_at"] if per_delivery else []) -%}
    {%- set known -%} {{ known_rows(schema, table) }} {%- endset -%}
    {%- set same_key -%}
        {% for c in key %} k.{{ c }} is not distinct from r.{{ c }} {% if not loop.last %} and {% endif %} {% endfor %}
    {%- endset -%}
    {#- The newest delivery decides unless something in the row counts more. -#}
    {%- set is_newest = "k._delivered_at is not distinct from r.newest_at" ~ (
        " or k._keeps_first" if may_be_log else ""
    ) -%}
    {%- set is_candidate = "true" if per_delivery or spec.version_at or spec.sequence else is_newest -%}
    {%- set kept -%} {{ landed_columns(spec) }} {%- endset -%}
    with
        repeated as (
            select {{ key | join(", ") }}, max(_delivered_at) as newest_at
            from ({{ known }}) as k
            group by {{ key | join(", ") }}
            having count(*) > 1
        ),

        candidates as (
            select k.*
            from ({{ known }}) as k
            inner join repeated as r on {{ same_key }} and ({{ is_candidate }})
        ),

        tied as (
            select {{ key | join(", ") }} from candidates group by {{ key | join(", ") }} having count(*) > 1
        ),

        ranked as (
            select
                k.*,
                row_number() over (
                    partition by
                        {% for c in key %} k.{{ c }} {%- if not loop.last %}, {% endif %} {% endfor %}
                    order by
                        {% if may_be_log %}
                            case when k._keeps_first then k.{{ spec.event_at }} end nulls last,
                        {% endif %}
                        {% for c in spec.version_at %} k.{{ c }} desc nulls last, {% endfor %}
                        k._delivered_at desc,
                        {% if may_be_log %} k.{{ spec.event_at }} desc nulls last, {% endif %}
                        {% if spec.lines %}
                            k._source_file desc, k._delivery_id desc, k._source_line desc nulls last
                        {% else %}
                            {% for c in columns if c not in spec.key %} k.{{ c }} desc nulls last,
                            {% endfor %}
                            k._delivery_id desc
                        {% endif %}
                ) as version_rank
                {% if spec.sequence %}
                    ,
                    k.{{ spec.sequence }} is null
                    and k._delivery_id = first_value(k._delivery_id) over (
                        partition by
                            {% for c in key %} k.{{ c }} {%- if not loop.last %}, {% endif %} {% endfor %}
                        order by
                            k._delivered_at desc,
                            k._source_file desc,
                            k._delivery_id desc,
                            k._source_line desc nulls last
                    ) as is_in_newest_delivery
                {% endif %}
            from candidates as k
            inner join tied as r on {{ same_key }}
        )
    select {{ kept }}
    from ranked
    where version_rank = 1 {% if spec.sequence %} or is_in_newest_delivery {% endif %}
    union all
    select {{ kept }}
    from
        (
            select k.*
            from candidates as k
            left join tied as r on {{ same_key }}
            where r.source_instance is null
        ) as newest
    union all
    select {{ kept }}
    from
        (
            select k.*
            from ({{ known }}) as k
            left join repeated as r on {{ same_key }}
            where r.source_instance is null
        ) as single
{% endmacro %}

{# The raw tables with a date, once for each entity of the contract that their rows feed, and the condition that the
   rows of the entity meet. #}
{% macro dated_feeds() %}
    {%- set feeds = [] -%}
    {%- for spec in raw_tables().values() if spec.event_at -%}
        {%- for entity, condition in spec.feeds.items() -%}
            {%- do feeds.append({"spec": spec, "entity": entity, "condition": condition}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(feeds) }}
{% endmacro %}
