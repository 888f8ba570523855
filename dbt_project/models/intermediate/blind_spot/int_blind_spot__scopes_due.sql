-- One row per blind spot, source instance, scope and window that is due an answer.
-- Every registered blind spot is due one for every source.
select
    b.blind_spot_id,
    s.centre,
    s.source_instance,
    'source' as scope_type,
    s.source_instance as scope_id,
    w.window_type,
    w.window_start,
    w.window_end
from {{ ref("blind_spots") }} as b
cross join {{ ref("int_source__spans") }} as s
inner join {{ ref("int_window__windows") }} as w on s.centre = w.centre
where b.is_implemented or w.window_type = 'span'
union
select blind_spot_id, centre, source_instance, scope_type, scope_id, window_type, window_start, window_end
from {{ ref("cov_scopes") }}
