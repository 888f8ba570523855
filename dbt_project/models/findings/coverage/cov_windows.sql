-- One row per blind spot, source instance, window, team, reason and channel: what was counted, summed over
-- days.
select
    m.blind_spot_id,
    m.centre,
    m.source_instance,
    w.window_type,
    w.window_start,
    w.window_end,
    m.team,
    m.reason,
    m.channel,
    min(case when m.n_affected + m.n_undecidable > 0 then m.event_date end) as first_seen_date,
    max(case when m.n_affected + m.n_undecidable > 0 then m.event_date end) as last_seen_date,
    cast(sum(m.n_affected) as bigint) as affected_n,
    cast(sum(m.n_undecidable) as bigint) as undecidable_n,
    cast(sum(m.n_total) as bigint) as total_n
from {{ ref("cov_all") }} as m
inner join
    {{ ref("int_window__windows") }} as w
    on m.centre = w.centre
    -- The whole span takes everything, days before the first and after the last journey included.
    and (w.window_type = 'span' or (m.event_date >= w.window_start and m.event_date < w.window_end))
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
