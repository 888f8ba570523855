{# A word in lower case, with one underscore for each run of blanks, dashes and underscores inside it. #}
{% macro folded_word(column) %}
    {{ return(adapter.dispatch("folded_word", "faultline")(column)) }}
{% endmacro %}

{% macro default__folded_word(column) %}
    trim(both '_' from regexp_replace(lower({{ column }}), '[\\s\\p{Z}_-]+', '_'))
{% endmacro %}

{% macro duckdb__folded_word(column) %}
    trim(regexp_replace(lower({{ column }}), '[\s\p{Z}_-]+', '_', 'g'), '_')
{% endmacro %}

{# The shape of a text: letters are x, digits 9; anything but letters, digits, blanks and common signs is a question
   mark. At most `length` characters. #}
{% macro text_shape(column, length) %}
    {{ return(adapter.dispatch("text_shape", "faultline")(column, length)) }}
{% endmacro %}

{% macro default__text_shape(column, length) %}
    regexp_replace(
        regexp_replace(
            regexp_replace(substring({{ column }}, 1, {{ length }}), '\\p{L}', 'x'), '\\p{N}', '9'
        ),
        '[^x9 ._/@+-]',
        '?'
    )
{% endmacro %}

{% macro duckdb__text_shape(column, length) %}
    regexp_replace(
        regexp_replace(
            regexp_replace(substring({{ column }}, 1, {{ length }}), '\p{L}', 'x', 'g'), '\p{N}', '9', 'g'
        ),
        '[^x9 ._/@+-]',
        '?',
        'g'
    )
{% endmacro %}

{# The shape within a text that landing masked, as in `(masked xxxx xxxxx 3fa41b2c)`; NULL for any other text. #}
{% macro masked_shape(column) %}
    {{ return(adapter.dispatch("masked_shape", "faultline")(column)) }}
{% endmacro %}

{% macro default__masked_shape(column) %}
    nullif(regexp_extract({{ column }}, '^\\(masked (.*) [0-9a-f]{8}\\)$', 1), '')
{% endmacro %}

{% macro duckdb__masked_shape(column) %}
    nullif(regexp_extract({{ column }}, '^\(masked (.*) [0-9a-f]{8}\)$', 1), '')
{% endmacro %}

{# Whether a text looks like a label: one to four short words that begin with a letter, without long numbers. #}
{% macro is_label(column) %} {{ return(adapter.dispatch("is_label", "faultline")(column)) }} {% endmacro %}

{% macro default__is_label(column) %}
    {{ column }} rlike '^\\p{L}[\\p{L}\\p{N}]{0,23}([ _/-]{1,3}[\\p{L}\\p{N}]{1,24}){0,3}$'
    and not {{ column }} rlike '[0-9]{4}'
{% endmacro %}

{% macro duckdb__is_label(column) %}
    regexp_full_match({{ column }}, '\p{L}[\p{L}\p{N}]{0,23}([ _/-]{1,3}[\p{L}\p{N}]{1,24}){0,3}')
    and not regexp_matches({{ column }}, '[0-9]{4}')
{% endmacro %}

{# A text with one plain blank for each run of blanks, no-break spaces included, and none at its ends. #}
{% macro plain_blanks(column) %}
    {{ return(adapter.dispatch("plain_blanks", "faultline")(column)) }}
{% endmacro %}

{% macro default__plain_blanks(column) %}
    trim(both ' ' from regexp_replace({{ column }}, '[\\s\\p{Z}]+', ' '))
{% endmacro %}

{% macro duckdb__plain_blanks(column) %}
    trim(regexp_replace({{ column }}, '[\s\p{Z}]+', ' ', 'g'))
{% endmacro %}
