-- One row per blind spot, source instance, team, reason, channel and day: what all checks have counted.
-- A row of zeros (`is_due`) says that a check has looked. A view, because only the sums over windows read it.
{{ config(materialized="view", contract={"enforced": true}) }}
select
    d.blind_spot_id,
    true as is_due,
    {{ source_dimensions("d") }},
    cast(0 as bigint) as n_affected,
    cast(0 as bigint) as n_undecidable,
    cast(0 as bigint) as n_total
from {{ ref("cov_due") }} as d
{% for blind_spot_id, model in coverage_models().items() %}
    union all
    select
        '{{ blind_spot_id }}',
        false,
        centre,
        source_instance,
        team,
        reason,
        channel,
        event_date,
        n_affected,
        n_undecidable,
        n_total
    from {{ ref(model) }}
{% endfor %}
