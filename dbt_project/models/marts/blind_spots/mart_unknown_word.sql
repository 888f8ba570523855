-- One row per source instance, entity, field and word outside the vocabulary of the field, with its rows.
select
    centre, source_instance, entity, field, word, is_masked, n_words, n_rows, first_seen_date, last_seen_date
from {{ ref("int_source__unknown_words") }}
