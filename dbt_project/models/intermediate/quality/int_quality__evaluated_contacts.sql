-- One row per contact with quality evaluations, summed up over what evaluators submitted.
-- Scores of machines are left out. Two scores are a double scoring where two evaluators gave them.
with
    evaluations as (
        select
            e.*,
            is_submitted and is_automatic as is_by_machine,
            is_submitted and not is_automatic as is_by_person,
            case when is_submitted and not coalesce(is_automatic, false) then score end as counted_score
        from {{ ref("int_quality__evaluations") }} as e
        where contact_key is not null
    ),

    totals as (
        select
            contact_key,
            {{ any_known("is_by_person") }} as has_human_evaluation,
            {{ any_known("is_by_machine") }} as has_automatic_evaluation,
            avg(counted_score) as score,
            max(counted_score) - min(counted_score) as score_range,
            count(counted_score) as n_scores,
            count(case when counted_score is not null then evaluator_id end) as n_named_scores,
            count(distinct case when counted_score is not null then evaluator_id end) as n_evaluators,
            min(latency_seconds) filter (where is_submitted) as latency_seconds,
            count(case when counted_score is not null then calibration_session_id end) > 0 as is_calibrated
        from evaluations
        group by contact_key
    )

select
    contact_key,
    has_human_evaluation,
    has_automatic_evaluation,
    score,
    latency_seconds,
    is_calibrated,
    case
        when n_evaluators > 1 then true when n_scores < 2 or n_named_scores = n_scores then false
    end as is_double_scored,
    case
        when n_evaluators > 1 then score_range <= {{ threshold("qa_agreement_points") }}
    end as is_scored_alike
from totals
