-- One row per conversation: whether it began inside, and whether a customer whom our side dialled picked up.
with
    newest_sessions as (select * from {{ ref("int_genesys_cloud__newest_sessions") }}),

    parties as (
        select
            source_instance,
            conversation_id,
            -- Where colleagues call each other, the one who dialled is the caller.
            count(distinct participant_id) > 1
            and bool_or(purpose in {{ genesys_cloud_insiders() }} and direction = 'outbound')
            and not bool_or(purpose in {{ genesys_cloud_outsiders() }}) as is_from_inside,
            bool_or(
                purpose not in {{ genesys_cloud_insiders() }} and purpose not in ('group', 'voicemail')
            ) as has_others
        from newest_sessions
        group by source_instance, conversation_id
    ),

    dialled_sessions as (
        select
            n.*,
            min(case when n.media_type = 'callback' then 1 else 0 end) over (
                partition by n.source_instance, n.conversation_id
            ) as is_callback_only
        from newest_sessions as n
        where
            n.purpose in {{ genesys_cloud_outsiders() }}
            and n.media_type in ('voice', 'callback')
            and (
                n.direction = 'outbound' or n.originating_direction = 'outbound' or n.media_type = 'callback'
            )
    ),

    -- Of a callback its calls count, or the callback itself where the export has no calls of it.
    dialled_calls as (
        select
            s.source_instance,
            s.conversation_id,
            min(
                case
                    when
                        s.disposition like '%.machine'
                        or s.disposition like '%.fax'
                        or s.disposition like '%.busy'
                        or s.disposition like '%.noanswer'
                    then null
                    else g.talked_since_at
                end
            ) as picked_up_at,
            bool_or(s.conversation_ended_at is not null) as is_over
        from dialled_sessions as s
        left join
            {{ ref("int_genesys_cloud__segment_totals") }} as g
            on s.source_instance = g.source_instance
            and s.conversation_id = g.conversation_id
            and s.session_id = g.session_id
        where s.media_type = 'voice' or s.is_callback_only = 1
        group by s.source_instance, s.conversation_id
    )

select
    p.source_instance,
    p.conversation_id,
    p.is_from_inside,
    p.is_from_inside and not p.has_others as is_internal,
    case when d.picked_up_at is not null then true when d.is_over then false end as is_picked_up,
    d.picked_up_at
from parties as p
left join
    dialled_calls as d on p.source_instance = d.source_instance and p.conversation_id = d.conversation_id
