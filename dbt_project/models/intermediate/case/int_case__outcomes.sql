-- One row per case with everything known of it, vendor counters beside what was derived.
-- A count that needs a history the source never delivered is NULL, not zero.
with
    histories as (
        select source_instance, case_id, count(*) filter (where field = 'status') as n_status_intervals
        from {{ ref("int_case__intervals") }}
        group by 1, 2
    ),

    known as (
        select
            c.*,
            s.as_of_at,
            -- A case may close after the last event of its source; after its delivery is the future.
            case
                when c.closed_at <= s.as_of_at or c.closed_at <= coalesce(p.as_of_at, c.delivered_at)
                then c.closed_at
            end as known_closed_at,
            -- It did close, but not when the source says.
            c.closed_at is null and coalesce(not c.is_order_possible, false) as is_closing_undated
        from {{ ref("int_case__current") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        cross join {{ source("raw_faultline", "parameters") }} as p
    ),

    cases as (
        select
            c.*,
            r.first_resolved_at >= {{ dbt.dateadd("second", -1, "c.opened_at") }} as is_history_possible,
            {{ not_before("r.first_resolved_at", "c.opened_at") }} as first_resolved_at,
            {{ not_before("r.last_closed_at", "c.opened_at") }} as last_closed_at,
            r.n_reopens,
            r.is_resolved_at_end,
            coalesce(
                r.is_resolved_at_end,
                -- A status that a later closing left says nothing of the time before.
                case
                    when c.closed_at is null or c.known_closed_at is not null
                    then
                        coalesce(
                            {{ is_word("c.status", "cases.status", ["resolved", "closed"]) }},
                            c.known_closed_at is not null or null
                        )
                end
            ) as is_resolved
        from known as c
        left join
            {{ ref("int_case__resolutions") }} as r
            on c.source_instance = r.source_instance
            and c.case_id = r.case_id
    ),

    ended as (
        select
            c.*,
            coalesce(
                last_closed_at,
                known_closed_at,
                first_resolved_at,
                {{ not_before("last_update_at", "opened_at") }}
            ) as resolved_by_at
        from cases as c
    )

select
    c.centre,
    c.source_instance,
    c.case_id,
    c.customer_id,
    c.opened_at,
    c.first_resolved_at,
    coalesce(c.known_closed_at, c.last_closed_at) as closed_at,
    c.channel,
    c.reason,
    c.product,
    c.priority_initial,
    c.priority as priority_final,
    c.status,
    c.owner_id,
    c.group_id,
    c.resolution_code,
    c.parent_case_id,
    c.n_updates,
    c.n_reopens,
    c.vendor_reopen_count,
    c.vendor_reassignment_count,
    h.n_handoffs,
    h.n_handoffs_settled,
    h.n_returns_direct,
    h.n_returns_direct_settled,
    h.n_returns_any,
    h.n_returns_any_settled,
    h.n_teams,
    c.is_sla_met,
    c.is_knowledge_used,
    c.is_timely_response,
    not coalesce(c.is_sla_met, c.is_timely_response) as is_sla_missed,
    coalesce(c.n_reopens, c.vendor_reopen_count) > 0 as is_reopened,
    h.n_returns_direct > 0 as is_bounced,
    c.is_resolved,
    i.case_id is not null as has_history,
    coalesce(i.n_status_intervals, 0) > 0 as has_status_history,
    c.is_resolved_at_end,
    -- Of a resolved case without any time of it only the beginning is known.
    case when c.is_resolved then coalesce(c.resolved_by_at, c.opened_at) else c.as_of_at end as ended_at,
    case
        when c.is_resolved
        then c.resolved_by_at is not null
        else
            coalesce(c.as_of_at >= c.opened_at, true)
            and (c.is_resolved is not null or not c.is_closing_undated)
    end as is_end_known,
    coalesce(
        c.is_order_possible and c.is_history_possible, c.is_order_possible, c.is_history_possible
    ) as is_order_possible,
    c.as_of_at
from ended as c
left join
    {{ ref("int_handoff__counts") }} as h
    on c.source_instance = h.source_instance
    and c.case_id = h.unit_id
    and h.unit_type = 'case'
left join histories as i on c.source_instance = i.source_instance and c.case_id = i.case_id
