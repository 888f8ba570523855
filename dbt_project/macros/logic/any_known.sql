{# Whether a condition is true of any row of a group: unknown where it is true of none and unknown of one. #}
{% macro any_known(condition) %}
    case when bool_or({{ condition }}) then true when count(*) = count({{ condition }}) then false end
{% endmacro %}
