{# CTEs that order rows of equal times by the files that they stand in, for a table whose lines land.

   `rows` are of a staging model, `unit` is what a row is about, `moment` its time. `files` has one row per delivery; in a
   file that lists the newest rows of most units first, later lines are earlier. `line_seq("r", "f")` is then the
   place of a row `r` among rows of one moment, with `f` its file: by delivery, then by line. #}
{% macro line_order(rows, unit, moment) %}
    listed_units as (
        select
            source_instance,
            delivery_id,
            min(delivered_at) as delivered_at,
            min(source_file) as source_file,
            min_by({{ moment }}, source_line) as first_at,
            max_by({{ moment }}, source_line) as last_at
        from {{ rows }}
        where source_line is not null
        group by source_instance, delivery_id, {{ unit }}
    ),

    files as (
        select
            source_instance,
            delivery_id,
            row_number() over (
                partition by source_instance
                order by min(delivered_at) nulls last, min(source_file) nulls last, delivery_id nulls last
            ) as file_seq,
            case
                when sum(case when last_at < first_at then 1 when last_at > first_at then -1 else 0 end) > 0
                then -1
                else 1
            end as direction
        from listed_units
        group by source_instance, delivery_id
    )
{% endmacro %}


{% macro line_seq(row, file) %}
    cast({{ file }}.file_seq as {{ dbt.type_bigint() }}) * 4294967296
    + {{ row }}.source_line * {{ file }}.direction
{% endmacro %}
