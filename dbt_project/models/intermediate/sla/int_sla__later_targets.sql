-- One row per clock after whose start another policy set a target for the same case and metric.
select c.clock_key, max(p.target_seconds) as target_seconds
from {{ ref("int_sla__clocks") }} as c
inner join {{ ref("int_sla__clocks") }} as o on c.case_key = o.case_key and c.metric = o.metric
inner join {{ ref("int_sla__policies") }} as p on o.clock_key = p.clock_key and p.side = 'start'
where c.policy_id <> o.policy_id and o.started_at > c.started_at and o.started_at <= c.watched_until_at
group by c.clock_key
