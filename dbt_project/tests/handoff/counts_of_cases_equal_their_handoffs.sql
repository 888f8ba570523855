-- Returns rows (failure) for every case whose counts differ from the handoffs that stand in the
-- fact table. Of a case whose history is not whole some stand there, and how many there were is unknown.
{{ config(meta={"dagster": {"ref": {"name": "mart_case"}}}) }}
with
    handoffs as (
        select
            source_instance,
            unit_id,
            count(*) as n_handoffs,
            count(*) filter (where returns_to_earlier) as n_returns_any
        from {{ ref("fct_handoff") }}
        where unit_type = 'case'
        group by source_instance, unit_id
    )

select
    c.source_instance,
    c.case_id,
    c.n_handoffs,
    h.n_handoffs as n_handoffs_found,
    c.n_returns_any,
    h.n_returns_any as n_returns_found
from {{ ref("mart_case") }} as c
left join handoffs as h on c.source_instance = h.source_instance and c.case_id = h.unit_id
where c.n_handoffs <> coalesce(h.n_handoffs, 0) or c.n_returns_any <> coalesce(h.n_returns_any, 0)
