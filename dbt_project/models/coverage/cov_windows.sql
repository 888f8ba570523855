-- One row per blind spot, source instance, window, team, reason and channel: measures summed over days.
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
    min(case when m.affected_n + m.undecidable_n > 0 then m.day end) as first_seen_date,
    max(case when m.affected_n + m.undecidable_n > 0 then m.day end) as last_seen_date,
    cast(sum(m.affected_n) as bigint) as affected_n,
    cast(sum(m.undecidable_n) as bigint) as undecidable_n,
    cast(sum(m.total_n) as bigint) as total_n
from {{ ref("cov_measures") }} as m
inner join
    {{ ref("int_window__windows") }} as w
    on m.centre = w.centre
    -- The whole span takes everything, days before the first and after the last journey included.
    and (w.window_type = 'span' or (m.day >= w.window_start and m.day < w.window_end))
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
