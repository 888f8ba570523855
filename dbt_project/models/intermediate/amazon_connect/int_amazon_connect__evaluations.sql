-- One row per quality evaluation; the same evaluation is exported twice.
select
    e.centre,
    e.source_instance,
    e.evaluation_id,
    coalesce(r.root_contact_id, o.root_contact_id, e.contact_id) as contact_id,
    e.agent_id,
    e.evaluator_id,
    e.score_percentage as score,
    e.submitted_at,
    'submitted' as status,
    {{ null_columns("evaluations", ["is_automatic", "calibration_session_id"]) }},
    e.delivered_at
from {{ ref("stg_amazon_connect__evaluations") }} as e
left join
    {{ ref("int_amazon_connect__contact_records") }} as r
    on e.source_instance = r.source_instance
    and e.contact_id = r.contact_id
left join
    {{ ref("int_amazon_connect__inferred_contacts") }} as o
    on e.source_instance = o.source_instance
    and e.contact_id = o.contact_id
