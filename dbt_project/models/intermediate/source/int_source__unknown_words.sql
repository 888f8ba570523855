-- One row per source instance, entity, field and word outside the vocabulary of the field, with its
-- rows. Words come from customers. Only labels stand here as they are: few short words, repeated or one
-- of few words of their field. Of any other value only the shape stands here, and values of one shape
-- share a row. What exceeds the most frequent words of a field is one row without a word.
{% set n_words_of_field = 20 %}
{% set modelled = [
    "case_changes",
    "case_snapshots",
    "cases",
    "contacts",
    "escalations",
    "evaluations",
    "legs",
    "queues",
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
    ),

    words as (
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
    ),

    counted as (
        select w.*, count(*) over (partition by source_instance, entity, field) as n_words_of_field
        from words as w
    ),

    judged as (
        select
            c.*,
            {{ is_label("word") }} and (n_rows > 1 or n_words_of_field <= {{ n_words_of_field }}) as is_shown,
            {{ masked_shape("word") }} as landed_shape
        from counted as c
    ),

    shown as (
        select
            centre,
            source_instance,
            entity,
            field,
            case
                when is_shown then word else coalesce(landed_shape, {{ text_shape("word", 40) }})
            end as word,
            not is_shown as is_masked,
            sum(n_rows) as n_rows,
            count(*) as n_words,
            min(first_seen_date) as first_seen_date,
            max(last_seen_date) as last_seen_date
        from judged
        group by 1, 2, 3, 4, 5, 6
    ),

    ranked as (
        select
            s.*,
            row_number() over (
                partition by source_instance, entity, field
                order by n_rows desc nulls last, word nulls last, is_masked nulls last
            ) as rank_in_field
        from shown as s
    )

select
    centre,
    source_instance,
    entity,
    field,
    case when rank_in_field <= {{ n_words_of_field }} then word end as word,
    case when rank_in_field <= {{ n_words_of_field }} then is_masked end as is_masked,
    cast(sum(n_words) as bigint) as n_words,
    cast(sum(n_rows) as bigint) as n_rows,
    min(first_seen_date) as first_seen_date,
    max(last_seen_date) as last_seen_date
from ranked
group by 1, 2, 3, 4, 5, 6
