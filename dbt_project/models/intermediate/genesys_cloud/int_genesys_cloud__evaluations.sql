-- One row per quality evaluation, as the newest export of its conversation has it.
-- What was withdrawn or deleted is none; a rescored one has the score it was given last.
select
    e.centre,
    e.source_instance,
    e.evaluation_id,
    e.conversation_id as contact_id,
    e.agent_id,
    e.evaluator_id,
    e.score,
    e.evaluated_at as submitted_at,
    case
        when e.status = 'finished'
        then 'submitted'
        when e.status in ('pending', 'inprogress', 'inreview')
        then 'draft'
        else e.status
    end as status,
    {{ null_columns("evaluations", ["is_automatic", "calibration_session_id"]) }},
    e.delivered_at
from {{ ref("stg_genesys_cloud__evaluations") }} as e
inner join
    {{ ref("stg_genesys_cloud__conversations") }} as c
    on e.source_instance = c.source_instance
    and e.conversation_id = c.conversation_id
    and e.known_until_at = c.known_until_at
    and e.delivered_at = c.delivered_at
where
    e.evaluated_at is not null and not coalesce(e.is_deleted, false) and coalesce(e.status, '') <> 'retracted'
