-- One row per clock of a service level that ended or ran out, with its local day and the dimensions of
-- metrics.
-- The day is that on which the clock ended or ran out, whatever came first; the team the one that had the
-- case then.
-- Running clocks, clocks cancelled in time, and those of deleted and merged cases do not count.
with
    due_clocks as (
        select *, least(ended_at, breached_at) as due_at
        from {{ ref("int_sla__outcomes") }}
        where
            (ended_at is not null or breached_at is not null) and (is_met is not null or cancelled_at is null)
    ),

    group_histories as (select distinct case_key from {{ ref("int_case__intervals") }} where field = 'group')

select
    d.*,
    d.policy_id as policy,
    d.metric as sla_metric,
    d.priority_at_start as priority,
    case when h.case_key is null then c.group_id else g.value end as team,
    cast({{ local_time("d.due_at", "s.time_zone") }} as date) as day,
    cast(d.paused_seconds as double) / nullif(d.elapsed_seconds, 0) as paused_share
from due_clocks as d
inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
inner join {{ ref("int_case__enriched") }} as c on d.case_key = c.case_key
left join group_histories as h on d.case_key = h.case_key
left join
    {{ ref("int_case__intervals") }} as g
    on d.case_key = g.case_key
    and g.field = 'group'
    and g.valid_from <= d.due_at
    and (g.valid_to is null or g.valid_to > d.due_at)
where not coalesce(c.is_deleted, false)
