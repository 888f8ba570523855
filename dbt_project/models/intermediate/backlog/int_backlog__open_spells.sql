-- One row per case and spell during which it was open, or may have been.
-- A whole history tells when a case was resolved and opened again. Other cases were open from their opening
-- until they were resolved, as far as that is known. Deleted and merged cases leave when they are known to
-- be so.
with
    statuses as (
        select
            c.case_key,
            i.interval_seq,
            i.valid_from,
            case
                {{ is_word("i.value", "cases.status", ["resolved", "closed"]) }}
                when true
                then 'over'
                when false
                then 'open'
                else 'unknown'
            end as state
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_case__intervals") }} as i on c.case_key = i.case_key and i.field = 'status'
        where c.is_history_whole and c.has_status_history
    ),

    changes as (
        select *, lag(state) over (partition by case_key order by interval_seq nulls last) as previous_state
        from statuses
    ),

    states as (
        select
            case_key,
            state,
            valid_from,
            lead(valid_from) over (partition by case_key order by interval_seq nulls last) as valid_to
        from changes
        where previous_state is null or previous_state <> state
    ),

    spells as (
        select
            case_key,
            valid_from as starts_at,
            valid_to as ends_at,
            case when state = 'open' then true end as is_open
        from states
        where state <> 'over'
        union all
        select
            case_key,
            opened_at,
            case when is_resolved and is_end_known then ended_at end,
            case when is_end_known and is_resolved is not null then true end
        from {{ ref("int_case__enriched") }}
        where not coalesce(is_history_whole and has_status_history, false)
        union all
        select e.case_key, e.opened_at, e.closed_at, true
        from {{ ref("int_entity__cases") }} as e
        inner join {{ ref("int_case__merges") }} as m on e.case_key = m.merged_case_key
    )

select
    s.case_key,
    row_number() over (partition by s.case_key order by s.starts_at nulls last) as spell_seq,
    s.starts_at,
    least(s.ends_at, r.removed_at) as ends_at,
    s.is_open
from spells as s
left join {{ ref("int_backlog__removals") }} as r on s.case_key = r.case_key
where
    s.starts_at < coalesce(s.ends_at, timestamp '9999-12-31 00:00:00')
    and s.starts_at < coalesce(r.removed_at, timestamp '9999-12-31 00:00:00')
