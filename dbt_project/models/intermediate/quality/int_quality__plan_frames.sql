-- One row per contact that the recommended sample may take: answered of late, and not evaluated yet.
-- Contacts of escalated journeys are one group; all others are grouped by stratum. The order of draws is a
-- hash of seed, day and contact, which is equal on every engine.
{% set text = dbt.type_string() %}
with
    ends as (
        select centre, max(started_date) as as_of from {{ ref("int_quality__contacts") }} group by centre
    ),

    contacts as (
        select
            c.*,
            e.as_of,
            case when c.is_in_escalated_journey then '(escalated journeys)' else c.stratum end as draw_group,
            cast(cast({{ threshold("qa_plan_seed") }} as {{ dbt.type_bigint() }}) as {{ text }}) as seed_text
        from {{ ref("int_quality__contacts") }} as c
        inner join ends as e on c.centre = e.centre
        where
            c.started_date > {{ dbt.dateadd("day", "-1 * " ~ threshold_literal("qa_plan_days"), "e.as_of") }}
            and not coalesce(c.is_evaluated, false)
    )

select
    contact_key,
    centre,
    source_instance,
    contact_id,
    as_of,
    stratum,
    is_in_escalated_journey as is_census,
    {{ hash_key(["centre", "draw_group"]) }} as group_key,
    {{
        dbt.hash(
            "seed_text || '|' || cast(as_of as " ~ text ~ ") || '|' || source_instance || '|' || contact_id"
        )
    }} as draw_order
from contacts
