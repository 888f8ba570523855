-- Returns rows (failure) for every source with a dated row whose newest day is missing from the days of
-- its span.
select s.source_instance, s.last_date
from {{ ref("int_source__spans") }} as s
left join
    (select source_instance, max(day) as day from {{ ref("int_window__days") }} group by source_instance) as d
    on s.source_instance = d.source_instance
where s.last_date is not null and (d.day is null or d.day <> s.last_date)
