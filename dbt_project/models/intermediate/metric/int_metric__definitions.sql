-- One row per definition of a metric, with the version and the parameters in force.
-- A parameter is part of the version: another target is another definition.
with
    parameter_values as (
        select p.definition_id, p.threshold_id, cast(t.value as {{ dbt.type_string() }}) as value
        from {{ ref("metric_parameters") }} as p
        inner join {{ ref("thresholds") }} as t on p.threshold_id = t.threshold_id
    ),

    parameters as (
        select
            definition_id,
            {{ dbt.listagg("threshold_id || ' ' || value", "', '", "order by threshold_id nulls last") }}
            as parameters,
            {{ dbt.listagg("value", "', '", "order by threshold_id nulls last") }} as version_values
        from parameter_values
        group by definition_id
    )

select
    d.definition_id,
    d.metric_id,
    d.label,
    d.kind,
    d.unit,
    d.counted,
    d.formula,
    cast(d.version as {{ dbt.type_string() }})
    || coalesce(' (' || p.version_values || ')', '') as definition_version,
    p.parameters
from {{ ref("metric_definitions") }} as d
left join parameters as p on d.definition_id = p.definition_id
