-- One row per blind spot, source instance, team, reason, channel and day: the measures of all checks.
-- A view, because only the sums over windows read it.
{{ config(materialized="view") }}
{% set groups = [
    "link",
    "volume",
    "pattern",
    "selection",
    "mapping",
    "codes",
    "history",
    "quality",
    "label",
    "schema",
    "definition",
    "chain",
    "clock",
] %}
{% for group in groups %}
    select
        blind_spot_id, centre, source_instance, team, reason, channel, day, affected_n, undecidable_n, total_n
    from {{ ref("cov_" ~ group) }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
