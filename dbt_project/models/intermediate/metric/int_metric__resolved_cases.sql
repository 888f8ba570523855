-- One row per resolved case, with the local day of its first resolution and the dimensions of metrics.
-- Deleted cases do not count.
select c.*, c.group_id as team, cast({{ local_time("c.first_resolved_at", "s.time_zone") }} as date) as day
from {{ ref("int_case__enriched") }} as c
inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
where c.first_resolved_at is not null and not coalesce(c.is_deleted, false)
