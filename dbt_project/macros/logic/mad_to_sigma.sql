{# What a median absolute deviation is multiplied with to be the standard deviation of a normal variable. #}
{% macro mad_to_sigma() -%} 1.4826 {%- endmacro %}
