{# The pairs of dimensions the heatmap crosses, each once. #}
{% macro heatmap_pairs() %}
    {{ return([("team", "reason"), ("team", "channel"), ("reason", "channel")]) }}
{% endmacro %}

{# The key of a heatmap cell in a window, from a relation with its dimensions and one with its window. The length says
   where the first value ends, for values may hold `|`. #}
{% macro cell_key(cell, window) %}
    {%- set places = [cell ~ ".centre", window ~ ".window_type", window ~ ".window_start"] -%}
    {%- set dimensions = [cell ~ ".dim_x", cell ~ ".dim_y"] -%}
    {%- set values = ["length(" ~ cell ~ ".value_x)", cell ~ ".value_x", cell ~ ".value_y"] -%}
    {{ hash_key(places + dimensions + values) }}
{% endmacro %}
