-- One row per case: whether it is resolved, when it was resolved and closed, and until when it lasted.
-- Where the status history is not whole, the source's counter and its stamp of the last resolution stand in.
{#- A case may close after the last event of its source, but not after its delivery. -#}
{% set known_until = "greatest(s.as_of_at, coalesce(p.as_of_at, c.delivered_at))" %}
with
    known_cases as (
        select
            c.*,
            s.as_of_at,
            case when c.closed_at <= {{ known_until }} then c.closed_at end as known_closed_at,
            case
                when c.vendor_resolved_at <= {{ known_until }} then c.vendor_resolved_at
            end as known_resolved_at,
            -- Closed at an unknown time: the stamp of the source was impossible.
            c.closed_at is null and coalesce(not c.is_order_possible, false) as is_closing_undated
        from {{ ref("int_case__current") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        cross join {{ ref("stg_faultline__parameters") }} as p
    ),

    resolved_cases as (
        select
            c.*,
            r.first_resolved_at >= {{ dbt.dateadd("second", -1, "c.opened_at") }} as is_history_possible,
            {{ not_before("r.first_resolved_at", "c.opened_at") }} as first_resolved_at,
            -- Without a whole history, a case that was never reopened was resolved once.
            case
                when not coalesce(r.is_whole, false) and c.vendor_reopen_count = 0 then c.known_resolved_at
            end as only_resolved_at,
            {{ not_before("r.last_closed_at", "c.opened_at") }} as last_closed_at,
            r.n_reopens,
            coalesce(r.is_reopened, c.vendor_reopen_count > 0) as is_reopened,
            r.is_resolved_at_end,
            coalesce(
                r.is_resolved_at_end,
                -- A case that closed later had another status before.
                case
                    when c.closed_at is null or c.known_closed_at is not null
                    then
                        coalesce(
                            {{ is_word("c.status", "cases.status", ["resolved", "closed"]) }},
                            c.known_closed_at is not null or null
                        )
                end
            ) as is_resolved
        from known_cases as c
        left join {{ ref("int_case__resolutions") }} as r on c.case_key = r.case_key
    ),

    dated_cases as (
        select
            c.*,
            coalesce(
                last_closed_at,
                known_closed_at,
                -- A history without its end does not know the last resolution.
                case when is_resolved_at_end is not null then first_resolved_at end,
                known_resolved_at,
                {{ not_before("last_update_at", "opened_at") }}
            ) as resolved_by_at
        from resolved_cases as c
    )

select
    case_key,
    coalesce(first_resolved_at, only_resolved_at) as first_resolved_at,
    coalesce(known_closed_at, last_closed_at) as closed_at,
    n_reopens,
    is_reopened,
    is_resolved,
    is_resolved_at_end,
    -- A resolved case without any stamp ends, as far as is known, with its opening.
    case when is_resolved then coalesce(resolved_by_at, opened_at) else as_of_at end as ended_at,
    case
        when is_resolved
        then resolved_by_at is not null
        else
            coalesce(as_of_at >= opened_at, true)
            -- A word outside the vocabulary may mean that the case was closed.
            and (
                is_resolved is not null
                or (
                    not is_closing_undated
                    and (status is null or {{ known_word("status", "cases.status") }} is not null)
                )
            )
    end as is_end_known,
    is_history_possible,
    as_of_at
from dated_cases
