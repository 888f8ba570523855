-- One row per source instance, entity, field and word outside the vocabulary of the field, with its
-- rows. Words come from customers. Only labels stand here as they are: few short words, repeated or one
-- of few words of their field. Of any other value only the shape stands here, and values of one shape
-- share a row. What exceeds the most frequent words of a field is one row without a word.
{% set n_words_of_field = 20 %}
with
    field_words as (
        select w.*, count(*) over (partition by source_instance, entity, field) as n_words_of_field
        from {{ ref("int_source__foreign_words") }} as w
    ),

    labelled_words as (
        select
            c.*,
            {{ is_label("word") }} and (n_rows > 1 or n_words_of_field <= {{ n_words_of_field }}) as is_shown,
            {{ masked_shape("word") }} as landed_shape
        from field_words as c
    ),

    shown_words as (
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
        from labelled_words
        group by 1, 2, 3, 4, 5, 6
    ),

    ranked_words as (
        select
            s.*,
            row_number() over (
                partition by source_instance, entity, field
                order by n_rows desc nulls last, word nulls last, is_masked nulls last
            ) as rank_in_field
        from shown_words as s
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
from ranked_words
group by 1, 2, 3, 4, 5, 6
