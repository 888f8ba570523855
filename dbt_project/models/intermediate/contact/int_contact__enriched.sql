-- One row per contact with everything known of it: handling, customer, case, handoffs, evaluation.
with
    contact_evaluations as (
        select
            centre,
            contact_id,
            {{ any_known(is_word("status", "evaluations.status", ["submitted"])) }} as is_evaluated
        from {{ ref("int_entity__evaluations") }}
        group by centre, contact_id
    ),

    internal_customers as (
        select distinct customer_key from {{ ref("int_entity__customers") }} where is_internal
    )

select
    c.*,
    w.customer_id,
    w.customer_key,
    w.link_method as customer_link_method,
    w.link_confidence as customer_link_confidence,
    w.n_customers_sharing,
    w.n_customers_of_number,
    w.is_ambiguous,
    h.n_handoffs,
    h.n_handoffs_settled,
    h.n_returns_direct,
    h.n_returns_any,
    k.recorded_case_key,
    k.recorded_case_id,
    k.recorded_case_source_instance,
    k.case_key,
    k.case_id,
    k.case_source_instance,
    k.link_method,
    k.link_confidence,
    k.case_id is not null as is_case_linked,
    {{ folded_word("c.disposition") }} in {{ misroute_words() }} as is_misroute_declared,
    case
        when e.is_delivered then case when v.contact_id is null then false else v.is_evaluated end
    end as is_evaluated,
    coalesce(c.ani_status = 'internal', false)
    or w.is_internal_number
    or n.customer_key is not null as is_internal,
    cast({{ local_time("c.started_at", "s.time_zone") }} as date) as started_date
from {{ ref("int_contact__handling") }} as c
inner join {{ ref("int_contact__case_links") }} as k on c.contact_key = k.contact_key
inner join {{ ref("int_identity__contacts") }} as w on c.contact_key = w.contact_key
inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
inner join {{ ref("int_source__entities") }} as e on c.centre = e.centre and e.entity = 'evaluations'
left join {{ ref("int_handoff__counts") }} as h on c.chain_key = h.unit_key
left join contact_evaluations as v on c.centre = v.centre and c.contact_id = v.contact_id
left join internal_customers as n on w.customer_key = n.customer_key
