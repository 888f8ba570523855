-- One row per satisfaction rating that a customer was asked for.
-- The vendor asks for good or bad, which stand for the ends of the usual scale of five.
select
    centre,
    source_instance,
    rating_id as response_id,
    ticket_id as case_id,
    'csat' as kind,
    case
        when score like 'good%' then cast(5 as double) when score like 'bad%' then cast(1 as double)
    end as value,
    created_at as sent_at,
    case
        when score like 'good%' or score like 'bad%' then coalesce(updated_at, created_at)
    end as answered_at,
    {{ null_columns("surveys", ["contact_id"]) }},
    delivered_at
from {{ ref("stg_zendesk__satisfaction_ratings") }}
where score <> 'unoffered'
