{# Columns of a finding about a contact. A value that is not known is `(unknown)`: a NULL says that a finding
   concerns the whole source. #}
{% macro contact_dimensions(contact) %}
    {{ contact }}.centre,
    {{ contact }}.source_instance,
    coalesce({{ contact }}.first_team_id, '(unknown)') as team,
    coalesce({{ contact }}.reason, '(unknown)') as reason,
    coalesce({{ contact }}.channel, '(unknown)') as channel,
    {{ contact }}.started_date as event_date
{% endmacro %}

{# Columns of a finding about a case, on the local day that it was opened. #}
{% macro case_dimensions(case, span) %}
    {{ case }}.centre,
    {{ case }}.source_instance,
    coalesce({{ case }}.group_id, '(unknown)') as team,
    coalesce({{ case }}.reason, '(unknown)') as reason,
    coalesce({{ case }}.channel, '(unknown)') as channel,
    cast({{ local_time(case ~ ".opened_at", span ~ ".time_zone") }} as date) as event_date
{% endmacro %}

{# Columns of a finding about a leg, on the day of its contact. #}
{% macro leg_dimensions(leg, contact) %}
    {{ leg }}.centre,
    {{ leg }}.source_instance,
    coalesce({{ leg }}.team_id, '(unknown)') as team,
    coalesce({{ contact }}.reason, '(unknown)') as reason,
    coalesce({{ contact }}.channel, '(unknown)') as channel,
    {{ contact }}.started_date as event_date
{% endmacro %}

{# Columns of a finding about a whole source. #}
{% macro source_dimensions(row, event_date="event_date") %}
    {{ row }}.centre,
    {{ row }}.source_instance,
    cast(null as {{ dbt.type_string() }}) as team,
    cast(null as {{ dbt.type_string() }}) as reason,
    cast(null as {{ dbt.type_string() }}) as channel,
    {{ row }}.{{ event_date }} as event_date
{% endmacro %}

{# The columns of every coverage model, from a relation of single findings with their dimensions, is_affected and
   is_undecidable. #}
{% macro counted(findings) %}
    select
        f.centre,
        f.source_instance,
        f.team,
        f.reason,
        f.channel,
        f.event_date,
        cast(count(*) filter (where f.is_affected) as bigint) as n_affected,
        cast(
            count(*) filter (where f.is_undecidable and not coalesce(f.is_affected, false)) as bigint
        ) as n_undecidable,
        cast(count(*) as bigint) as n_total
    from {{ findings }} as f
    group by 1, 2, 3, 4, 5, 6
{% endmacro %}
