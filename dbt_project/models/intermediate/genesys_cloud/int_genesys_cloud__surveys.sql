-- One row per survey of a conversation, as its newest export has it: how willing the customer is to
-- recommend.
-- The total of a form is a share of its own points, which no other form has, so it is left out.
select
    s.centre,
    s.source_instance,
    s.survey_id as response_id,
    s.conversation_id as contact_id,
    'nps' as kind,
    s.promoter_score as value,
    coalesce(s.sent_at, s.completed_at) as sent_at,
    s.completed_at as answered_at,
    {{ null_columns("surveys", ["case_id"]) }},
    s.delivered_at
from {{ ref("stg_genesys_cloud__surveys") }} as s
inner join
    {{ ref("stg_genesys_cloud__conversations") }} as c
    on s.source_instance = c.source_instance
    and s.conversation_id = c.conversation_id
    and s.known_until_at = c.known_until_at
    and s.delivered_at = c.delivered_at
