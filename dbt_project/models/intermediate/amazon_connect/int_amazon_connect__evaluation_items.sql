-- One row per question of an evaluation that applied to the contact.
-- A question without any points is failed. Sections are of each form's own, so they say no kind.
select
    centre,
    source_instance,
    evaluation_id,
    item_id,
    {{ null_columns("evaluation_items", ["kind"]) }},
    score_percentage / 100 as score,
    score_percentage <= 0 as is_failed,
    delivered_at
from {{ ref("stg_amazon_connect__evaluation_items") }}
where not coalesce(is_not_applicable, false)
