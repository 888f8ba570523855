-- One row per case: whether its recorded history reaches back to its opening, and on to how it stands.
-- A log of changes has no row of a case that never changed, nor of one whose rows are lost. A case without
-- a row counts as unchanged only if cases open with its status, and the log lost none of the cases opened
-- around it.
{% set neighbours %}
    partition by source_instance
    order by opened_at nulls last, case_id nulls last
    rows between {{ threshold_literal("history_neighbours") }} preceding
    and {{ threshold_literal("history_neighbours") }} following
{% endset %}
with
    neighbourhoods as (
        select
            b.*,
            sum(case when is_lost then 1 else 0 end) over ({{ neighbours }}) as n_lost,
            sum(case when is_start_known then 1 else 0 end) over ({{ neighbours }}) as n_known
        from {{ ref("int_case__beginnings") }} as b
    )

select
    case_key,
    centre,
    source_instance,
    case_id,
    has_history,
    is_status_recorded,
    is_end_missing,
    coalesce(is_opening_status, false) as is_opening_status,
    case
        when has_history
        then is_start_known
        else
            is_log_delivered
            and not is_creation_recorded
            and not coalesce(is_older, true)
            and (not is_status_recorded or coalesce(is_opening_status, false))
            and n_lost = 0
            and n_known > 0
    end as is_covered
from neighbourhoods
