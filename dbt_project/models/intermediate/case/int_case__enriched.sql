-- One row per case with everything known of it, vendor counters beside what was derived.
-- A count that needs a history the source never delivered, or not as a whole, is NULL, not zero. Beside it
-- stands what the system itself counts, and its own stamp of the last resolution.
with
    histories as (
        select
            case_key,
            bool_or(field = 'status') as has_status,
            bool_and(
                case when field in ('status', 'group') then is_start_known and is_joined and is_end_known end
            ) as is_whole,
            bool_or(field = 'group' and is_start_known and is_joined and is_end_known) as is_group_whole
        from {{ ref("int_case__histories") }}
        group by case_key
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
            case
                when
                    c.vendor_resolved_at <= s.as_of_at
                    or c.vendor_resolved_at <= coalesce(p.as_of_at, c.delivered_at)
                then c.vendor_resolved_at
            end as known_resolved_at,
            -- It did close, but not when the source says.
            c.closed_at is null and coalesce(not c.is_order_possible, false) as is_closing_undated
        from {{ ref("int_case__current") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        cross join {{ ref("stg_faultline__parameters") }} as p
    ),

    cases as (
        select
            c.*,
            r.first_resolved_at >= {{ dbt.dateadd("second", -1, "c.opened_at") }} as is_history_possible,
            {{ not_before("r.first_resolved_at", "c.opened_at") }} as first_resolved_at,
            -- Without a history that tells: a case that was never reopened was resolved once.
            case
                when not coalesce(r.is_whole, false) and c.vendor_reopen_count = 0 then c.known_resolved_at
            end as only_resolved_at,
            {{ not_before("r.last_closed_at", "c.opened_at") }} as last_closed_at,
            r.n_reopens,
            coalesce(r.is_reopened, c.vendor_reopen_count > 0) as is_reopened,
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
        left join {{ ref("int_case__resolutions") }} as r on c.case_key = r.case_key
    ),

    ended as (
        select
            c.*,
            coalesce(
                last_closed_at,
                known_closed_at,
                -- What a history without its end tells of was not the end.
                case when is_resolved_at_end is not null then first_resolved_at end,
                known_resolved_at,
                {{ not_before("last_update_at", "opened_at") }}
            ) as resolved_by_at
        from cases as c
    )

select
    c.case_key,
    c.centre,
    c.source_instance,
    c.case_id,
    c.customer_id,
    c.opened_at,
    coalesce(c.first_resolved_at, c.only_resolved_at) as first_resolved_at,
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
    case when i.is_group_whole then h.n_handoffs end as n_handoffs,
    case when i.is_group_whole then h.n_handoffs_settled end as n_handoffs_settled,
    case when i.is_group_whole then h.n_returns_direct end as n_returns_direct,
    case when i.is_group_whole then h.n_returns_direct_settled end as n_returns_direct_settled,
    case when i.is_group_whole then h.n_returns_any end as n_returns_any,
    case when i.is_group_whole then h.n_returns_any_settled end as n_returns_any_settled,
    case when i.is_group_whole then h.n_teams end as n_teams,
    c.is_sla_met,
    c.is_knowledge_used,
    c.is_timely_response,
    c.is_deleted,
    not coalesce(c.is_sla_met, c.is_timely_response) as is_sla_missed,
    c.is_reopened,
    case
        when h.n_returns_direct > 0 then true when i.is_group_whole then h.n_returns_direct > 0
    end as is_bounced,
    c.is_resolved,
    i.case_key is not null as has_history,
    coalesce(i.has_status, false) as has_status_history,
    -- Whole in what was recorded of it, and nothing is missing that is recorded of others.
    i.is_whole and (i.has_status or not v.is_status_recorded) as is_history_whole,
    c.is_resolved_at_end,
    -- Of a resolved case without any time of it only the beginning is known.
    case when c.is_resolved then coalesce(c.resolved_by_at, c.opened_at) else c.as_of_at end as ended_at,
    case
        when c.is_resolved
        then c.resolved_by_at is not null
        else
            coalesce(c.as_of_at >= c.opened_at, true)
            -- A word outside the vocabulary may mean that the case was closed.
            and (
                c.is_resolved is not null
                or (
                    not c.is_closing_undated
                    and (c.status is null or {{ known_word("c.status", "cases.status") }} is not null)
                )
            )
    end as is_end_known,
    coalesce(
        c.is_order_possible and c.is_history_possible, c.is_order_possible, c.is_history_possible
    ) as is_order_possible,
    c.as_of_at
from ended as c
left join {{ ref("int_handoff__counts") }} as h on c.case_key = h.unit_key
left join histories as i on c.case_key = i.case_key
left join {{ ref("int_case__coverage") }} as v on c.case_key = v.case_key
