-- One row per centre, window, stratum and first agent, and one without an agent for the whole stratum: counts
-- of contacts, and sums of scores and weights.
{% set strata = ["everything", "channel", "team", "queue_group", "reason", "talk_time"] %}
{% set window = "centre, window_type, window_start, window_end" %}
{% set counts = {
    "n_population": "true",
    "n_evaluation_known": "is_evaluated is not null",
    "n_evaluated": "is_evaluated",
    "n_eligibility_known": "is_eligible is not null",
    "n_eligible": "is_eligible",
    "n_eligible_evaluated": "is_eligible and is_evaluated",
    "n_eligible_human": "is_eligible and has_human_evaluation",
    "n_human_unknown": "is_eligible and has_human_evaluation is null",
    "n_eligible_automatic": "is_eligible and has_automatic_evaluation",
    "n_automatic_unknown": "is_eligible and has_automatic_evaluation is null",
    "n_before": "is_before_escalation",
    "n_before_evaluated": "is_before_escalation and is_evaluated",
    "n_before_decided": "is_before_escalation and is_eligible is not null",
    "n_before_excluded": "is_before_escalation and not is_eligible",
    "n_other": "is_without_escalation",
    "n_other_evaluated": "is_without_escalation and is_evaluated",
    "n_other_decided": "is_without_escalation and is_eligible is not null",
    "n_other_excluded": "is_without_escalation and not is_eligible",
    "n_scored": "score is not null",
    "n_weighted": "weight is not null",
    "n_weight_unknown": "score is not null and weight is null and coalesce(is_sampled, true)",
    "n_double_scored": "is_double_scored",
    "n_scored_alike": "is_scored_alike",
} %}
with
    contacts as (
        select
            c.*,
            w.window_type,
            w.window_start,
            w.window_end,
            'all' as of_everything,
            {% for stratum_type in strata[1:] %}
                coalesce({{ stratum_type }}, '(unknown)') as of_{{ stratum_type }},
            {% endfor %}
            coalesce(c.agent, '(unknown)') as first_agent
        from {{ ref("int_quality__contacts") }} as c
        inner join
            {{ ref("int_window__windows") }} as w
            on c.centre = w.centre
            and c.started_date >= w.window_start
            and c.started_date < w.window_end
            and w.window_type <> 'week'
    )

select
    {{ window }},
    case
        {% for stratum_type in strata[1:] %}
            when of_{{ stratum_type }} is not null then '{{ stratum_type }}'
        {% endfor %}
        else 'all'
    end as stratum_type,
    coalesce(of_{{ strata | join(", of_") }}) as stratum,
    first_agent,
    {% for name, condition in counts.items() %}
        cast(count(*) filter (where {{ condition }}) as bigint) as {{ name }},
    {% endfor %}
    sum(score) as sum_score,
    sum(weight) as sum_weight,
    sum(weight * weight) as sum_squared_weight,
    sum(weight * score) as sum_weighted_score,
    {{ percentile("latency_seconds", 0.5) }} as latency_p50_seconds
from contacts
group by
    grouping sets (
        {% for stratum_type in strata %}
            ({{ window }}, of_{{ stratum_type }}),
            ({{ window }}, of_{{ stratum_type }}, first_agent)
            {% if not loop.last %},{% endif %}
        {% endfor %}
    )
