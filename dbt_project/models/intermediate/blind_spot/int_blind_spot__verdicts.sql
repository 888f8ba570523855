-- One row per blind spot, source instance, scope and window that is due an answer: what was counted, and
-- how it was judged. Silence shows as not_assessed.
with
    checks as (select distinct blind_spot_id, source_instance from {{ ref("cov_scopes") }}),

    -- BS49 judges the judges: how many of their answers were no answers.
    judge_counts as (
        select
            source_instance,
            window_type,
            window_start,
            count(*) as total_n,
            count(*) filter (where status = 'errored') as affected_n
        from {{ ref("stg_judged__blind_spot_results") }}
        group by 1, 2, 3
    ),

    counts as (
        select
            d.*,
            m.blind_spot_id is not null as is_measured,
            d.blind_spot_id = 'BS49' as is_of_judges,
            j.status as judged_status,
            case when d.blind_spot_id = 'BS49' then k.affected_n else c.affected_n end as affected_n,
            c.undecidable_n,
            case when d.blind_spot_id = 'BS49' then k.total_n else c.total_n end as total_n,
            case
                when j.status = 'errored'
                -- A check that broke has seen nothing.
                then cast(1 as double)
                when d.blind_spot_id = 'BS49'
                then k.affected_n / nullif(cast(k.total_n as double), 0)
                else c.affected_share
            end as affected_share,
            c.first_seen_date,
            c.last_seen_date
        from {{ ref("int_blind_spot__scopes_due") }} as d
        left join checks as m on d.blind_spot_id = m.blind_spot_id and d.source_instance = m.source_instance
        left join
            {{ ref("cov_scopes") }} as c
            on d.blind_spot_id = c.blind_spot_id
            and d.source_instance = c.source_instance
            and d.scope_type = c.scope_type
            and d.scope_id = c.scope_id
            and d.window_type = c.window_type
            and d.window_start = c.window_start
        left join
            {{ ref("stg_judged__blind_spot_results") }} as j
            on d.blind_spot_id = j.blind_spot_id
            and d.source_instance = j.source_instance
            and d.scope_type = j.scope_type
            and d.scope_id = j.scope_id
            and d.window_type = j.window_type
            and d.window_start = j.window_start
        left join
            judge_counts as k
            on d.scope_type = 'source'
            and d.source_instance = k.source_instance
            and d.window_type = k.window_type
            and d.window_start = k.window_start
    )

select
    blind_spot_id,
    centre,
    source_instance,
    scope_type,
    scope_id,
    window_type,
    window_start,
    window_end,
    case
        when is_of_judges
        then case when affected_n > 0 then 'blind' when total_n > 0 then 'ok' else 'not_applicable' end
        when not is_measured
        then 'not_assessed'
        when coalesce(total_n, 0) = 0
        then 'not_applicable'
        else coalesce(judged_status, 'not_assessed')
    end as status,
    affected_n,
    undecidable_n,
    total_n,
    affected_share,
    first_seen_date,
    last_seen_date
from counts
