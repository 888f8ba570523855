-- One row per source instance, entity, field and word outside the vocabulary of the field, as delivered.
-- Words come from customers: nothing may show them but `int_source__unknown_words`, which masks them.
{% set modelled = [
    "case_changes",
    "case_snapshots",
    "cases",
    "contacts",
    "escalations",
    "evaluation_items",
    "evaluations",
    "legs",
    "messages",
    "queues",
    "sentiment",
    "sla_events",
    "sla_policies",
    "surveys",
] %}
{% set fields = vocabulary().keys() | list + ["case_changes.new_value"] %}
with
    values_of_fields as (
        {% for name in fields %}
            {%- set entity, field = name.split(".") %}
            {%- set event_at = raw_tables()["raw_mapped." ~ entity].event_at %}
            {%- set vocabulary_of_field = "cases.status" if field == "new_value" else name %}
            select
                v.centre,
                v.source_instance,
                '{{ entity }}' as entity,
                '{{ field }}' as field,
                {{ plain_blanks("v." ~ field) }} as word,
                {% if event_at -%} cast({{ local_time("v." ~ event_at, "s.time_zone") }} as date)
                {%- else -%} cast(null as date)
                {%- endif %} as event_date
            from
                {% if entity in modelled -%} {{ ref("int_entity__" ~ entity) }}
                {%- else -%} {{ ref("stg_mapped__" ~ entity ~ "_versions") }}
                {%- endif %} as v
            inner join {{ ref("int_source__spans") }} as s on v.source_instance = s.source_instance
            where
                {% if field == "new_value" -%} v.field = 'status' and {%- endif %}
                v.{{ field }} not in ({{ quoted(vocabulary()[vocabulary_of_field]) }})
                and {{ folded_word("v." ~ field) }} not in ({{ quoted(vocabulary()[vocabulary_of_field]) }})
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select
    centre,
    source_instance,
    entity,
    field,
    word,
    count(*) as n_rows,
    min(event_date) as first_seen_date,
    max(event_date) as last_seen_date
from values_of_fields
group by centre, source_instance, entity, field, word
