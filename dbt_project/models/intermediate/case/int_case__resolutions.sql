-- One row per case with a known status history: when it was resolved, and how often reopened.
-- A status outside the vocabulary may mean resolved or not: the first resolution after it is unknown, and
-- so is whether it reopened the case. A history without its beginning, or with a gap, does not know the
-- first resolution. One that is not whole does not count reopenings, and one without its end does not
-- know whether the case is resolved.
{% set state %}
    case {{ is_word("value", "cases.status", ["resolved", "closed"]) }} when true then 1 when false then 0 else -1 end
{% endset %}
with
    statuses as (
        select case_key, interval_seq, valid_from, value, {{ state }} as state
        from {{ ref("int_case__intervals") }}
        where field = 'status' and value is not null
    ),

    steps as (
        select
            s.*,
            lag(state, 1, 0) over (partition by case_key order by interval_seq nulls last) as previous_state
        from statuses as s
    ),

    status_totals as (
        select
            case_key,
            min(valid_from) filter (where state = 1) as first_resolved_at,
            min(valid_from) filter (where state = -1) as first_unknown_at,
            max(valid_from) filter (where value = 'closed') as last_closed_at,
            max_by(state, interval_seq) as last_state,
            count(*) filter (where previous_state = 1 and state = 0) as n_reopens,
            min(valid_from) filter (where previous_state = 1 and state = 0) as first_reopened_at,
            count(*) filter (where previous_state <> 0 and state <> 1) as n_possible_reopens
        from steps
        group by case_key
    )

select
    c.case_key,
    case
        when
            h.is_start_known
            and h.is_joined
            and (c.first_unknown_at is null or c.first_resolved_at <= c.first_unknown_at)
        then c.first_resolved_at
    end as first_resolved_at,
    c.first_reopened_at,
    case when h.is_end_known then c.last_closed_at end as last_closed_at,
    case
        when h.is_end_known then case c.last_state when 1 then true when 0 then false end
    end as is_resolved_at_end,
    case
        when h.is_start_known and h.is_joined and h.is_end_known and c.n_possible_reopens = c.n_reopens
        then c.n_reopens
    end as n_reopens,
    case
        when c.n_reopens > 0
        then true
        when h.is_start_known and h.is_joined and h.is_end_known and c.n_possible_reopens = 0
        then false
    end as is_reopened,
    h.is_start_known and h.is_joined and h.is_end_known as is_whole
from status_totals as c
inner join {{ ref("int_case__histories") }} as h on c.case_key = h.case_key and h.field = 'status'
