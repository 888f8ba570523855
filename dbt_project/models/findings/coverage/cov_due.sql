-- One row per measured blind spot and source instance: that its check has looked, also where it found
-- nothing.
select
    b.blind_spot_id,
    s.centre,
    s.source_instance,
    coalesce(s.last_date, max(s.last_date) over (partition by s.centre)) as event_date
from {{ ref("int_source__spans") }} as s
inner join
    {{ ref("blind_spots") }} as b
    -- BS49 counts the verdicts of the others, so it comes after them.
    on b.is_implemented
    and b.model <> 'mart_blind_spot'
