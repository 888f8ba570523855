-- One row per answered contact and quality plan that may sample it: whether it may, and whether it did.
-- What a source records counts before the rules of the plan. A rule whose value is missing decides nothing.
with
    rules as (
        select
            q.*,
            e.is_delivered as has_plans,
            -- Samples that a source records are all that it drew in its span.
            w.is_delivered and q.started_date between w.first_date and w.last_date as is_in_span_of_samples,
            case when q.is_plan_known then {{ admits("q.channels", "q.channel") }} end as has_channel,
            case
                when q.is_plan_known
                then coalesce(q.min_talk_seconds, 0) <= 0 or q.talk_seconds >= q.min_talk_seconds
            end as has_talk,
            case
                when q.is_plan_known then not (coalesce(q.excludes_transferred, false) and q.n_transfers > 0)
            end as is_left_in
        from {{ ref("int_quality__plan_contacts") }} as q
        inner join {{ ref("int_source__entities") }} as e on q.centre = e.centre and e.entity = 'plans'
        inner join {{ ref("int_source__entities") }} as w on q.centre = w.centre and w.entity = 'samples'
    ),

    verdicts as (
        select
            r.*,
            case
                when is_recorded_eligible is not null
                then is_recorded_eligible
                when plan_id is not null
                then has_channel and has_talk and is_left_in
                when has_plans and first_team_id is not null
                then false
            end as is_eligible
        from rules as r
    )

select
    contact_key,
    centre,
    source_instance,
    contact_id,
    plan_id,
    started_date,
    coalesce(first_team_id, '(unknown)') || ' / ' || coalesce(channel, '(unknown)') as stratum,
    is_recorded,
    is_eligible,
    case
        when coalesce(is_eligible, true)
        then null
        when plan_id is null
        then 'no_plan'
        when not has_channel
        then 'channel'
        when not has_talk
        then 'short_talk'
        when not is_left_in
        then 'transferred'
        else 'recorded'
    end as exclusion_reason,
    coalesce(is_sampled, case when not is_recorded and is_in_span_of_samples then false end) as is_sampled,
    inclusion_probability
from verdicts
