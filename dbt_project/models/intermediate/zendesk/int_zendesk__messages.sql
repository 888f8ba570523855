-- One row per public comment on a ticket: a message of the customer or to the customer.
-- The role of its author gives the direction, which is NULL for an author who is not listed.
select
    c.centre,
    c.source_instance,
    c.comment_id as message_id,
    c.ticket_id as case_id,
    c.contact_id,
    case
        when u.role in ('agent', 'admin') then 'outbound' when u.role = 'end-user' then 'inbound'
    end as direction,
    c.created_at as sent_at,
    c.n_words,
    c.has_question,
    c.escalation_terms,
    c.is_reask,
    {{ null_columns("messages", ["language"]) }},
    c.delivered_at
from {{ ref("stg_zendesk__ticket_comments") }} as c
left join
    {{ ref("stg_zendesk__users") }} as u on c.source_instance = u.source_instance and c.author_id = u.user_id
where c.is_public
