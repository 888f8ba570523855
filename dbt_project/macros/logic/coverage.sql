{# Says that a check has looked at every source instance, also where it found nothing to count. #}
{% macro assessed(blind_spot_id) %}
    select
        '{{ blind_spot_id }}' as blind_spot_id,
        s.centre,
        s.source_instance,
        cast(null as {{ dbt.type_string() }}) as team,
        cast(null as {{ dbt.type_string() }}) as reason,
        cast(null as {{ dbt.type_string() }}) as channel,
        coalesce(s.last_date, max(s.last_date) over (partition by s.centre)) as day,
        cast(0 as bigint) as affected_n,
        cast(0 as bigint) as undecidable_n,
        cast(0 as bigint) as total_n
    from {{ ref("int_source__spans") }} as s
{% endmacro %}

{# Counts a relation of single findings into measures. Findings carry centre, source_instance,
   team, reason, channel, day, is_affected and is_undecidable; a NULL dimension means that the
   finding concerns the whole source, '(unknown)' that its value is not known. #}
{% macro measured(blind_spot_id, findings) %}
    {{ assessed(blind_spot_id) }}
    union all
    select
        '{{ blind_spot_id }}',
        f.centre,
        f.source_instance,
        f.team,
        f.reason,
        f.channel,
        f.day,
        cast(count(*) filter (where f.is_affected) as bigint),
        cast(count(*) filter (where f.is_undecidable and not coalesce(f.is_affected, false)) as bigint),
        cast(count(*) as bigint)
    from {{ findings }} as f
    group by 2, 3, 4, 5, 6, 7
{% endmacro %}
