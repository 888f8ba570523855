{# A value in our spelling where it is a word of the field's vocabulary; any other value as it is.

   `field` is `entity.column` of the source contract. #}
{% macro our_word(column, field) %}
    {%- set words = quoted(vocabulary()[field]) -%}
    case
        when {{ column }} in ({{ words }})
        then {{ column }}
        when {{ folded_word(column) }} in ({{ words }})
        then {{ folded_word(column) }}
        else {{ column }}
    end
{% endmacro %}

{# Whether a value is one of some words of its vocabulary; NULL for a word outside it, which may mean anything. #}
{% macro is_word(column, field, words) %}
    {%- set known = vocabulary()[field] -%}
    {%- for word in words if word not in known -%}
        {{ exceptions.raise_compiler_error(word ~ " is no word of " ~ field) }}
    {%- endfor -%}
    {%- set others = known | reject("in", words) | list -%}
    case
        when {{ column }} in ({{ quoted(words) }})
        then true
        {% if others %} when {{ column }} in ({{ quoted(others) }}) then false {% endif %}
    end
{% endmacro %}

{# A value of the vocabulary; NULL for a word outside it. #}
{% macro known_word(column, field) %}
    case when {{ column }} in ({{ quoted(vocabulary()[field]) }}) then {{ column }} end
{% endmacro %}

{# Words as a list of SQL literals. #}
{% macro quoted(words) -%} '{{ words | join("', '") }}' {%- endmacro %}

{# Wrap-up codes by which an agent says that the contact belonged elsewhere, folded, as a list of SQL literals. #}
{% macro misroute_words() -%}
    (
        {{
            quoted(
                [
                    "departamento_equivocado",
                    "departamento_errado",
                    "falsche_abteilung",
                    "falsche_warteschlange",
                    "fehlgeleitet",
                    "incorrect_department",
                    "mauvais_service",
                    "misdirected",
                    "misroute",
                    "misrouted",
                    "wrong_department",
                    "wrong_dept",
                    "wrong_group",
                    "wrong_queue",
                    "wrong_team",
                ]
            )
        }}
    )
{%- endmacro %}

{# Wrap-up codes by which an agent says that the matter is settled, folded, as a list of SQL literals. #}
{% macro resolved_words() -%}
    (
        {{
            quoted(
                [
                    "completed",
                    "erledigt",
                    "fixed",
                    "geloest",
                    "gelöst",
                    "issue_resolved",
                    "problem_solved",
                    "resolu",
                    "resolvido",
                    "resolved",
                    "resuelto",
                    "résolu",
                    "solved",
                ]
            )
        }}
    )
{%- endmacro %}

{# Reasons and wrap-up codes that tell nothing, as a list of SQL literals. #}
{% macro vague_words() -%}
    ({{ quoted(["other", "others", "general", "unknown", "misc", "n/a", "none"]) }})
{%- endmacro %}

{# A whole number below 100 as two digits. #}
{% macro two_digits(number) -%}
    lpad(cast(cast({{ number }} as integer) as {{ dbt.type_string() }}), 2, '0')
{%- endmacro %}
