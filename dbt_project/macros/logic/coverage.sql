{# The end of a coverage model: counts single findings by source instance, team, reason, channel and day.

   Findings carry centre, source_instance, team, reason, channel, event_date, is_affected and
   is_undecidable; a NULL dimension means that the finding concerns the whole source, '(unknown)' that its
   value is not known. #}
{% macro counted(findings) %}
    select
        centre,
        source_instance,
        team,
        reason,
        channel,
        event_date,
        cast(count(*) filter (where is_affected) as bigint) as n_affected,
        cast(
            count(*) filter (where is_undecidable and not coalesce(is_affected, false)) as bigint
        ) as n_undecidable,
        cast(count(*) as bigint) as n_total
    from {{ findings }}
    group by centre, source_instance, team, reason, channel, event_date
{% endmacro %}

{# The end of a coverage model whose findings have weights: n_affected, n_undecidable and n_total instead of
   is_affected and is_undecidable. #}
{% macro summed(findings) %}
    select
        centre,
        source_instance,
        team,
        reason,
        channel,
        event_date,
        cast(sum(n_affected) as bigint) as n_affected,
        cast(sum(n_undecidable) as bigint) as n_undecidable,
        cast(sum(n_total) as bigint) as n_total
    from {{ findings }}
    group by centre, source_instance, team, reason, channel, event_date
{% endmacro %}

{# Team, reason and channel of a finding that concerns the whole source. #}
{% macro whole_source() -%}
    cast(null as {{ dbt.type_string() }}) as team,
    cast(null as {{ dbt.type_string() }}) as reason,
    cast(null as {{ dbt.type_string() }}) as channel
{%- endmacro %}

{# Codes and reasons that say nothing, in lower case. #}
{% macro vague_words() -%}('other', 'others', 'general', 'unknown', 'misc', 'n/a', 'none') {%- endmacro %}
