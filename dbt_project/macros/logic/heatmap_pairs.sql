{# The pairs of dimensions the heatmap crosses, each once. #}
{% macro heatmap_pairs() %}
    {{ return([("team", "reason"), ("team", "channel"), ("reason", "channel")]) }}
{% endmacro %}
